import type { PictureFile } from "../../report/data.ts";

/** What tells a file from another one that takes its place. */
export function pictureFile(
  path: string,
  { size, mtime }: Deno.FileInfo,
): PictureFile {
  return { path, bytes: size, ...mtime && { modifiedMs: mtime.getTime() } };
}

/**
 * Whether any of the files is another one by now, or is there where none was. One that is gone still has the small
 * picture that was made of it.
 *
 * @param files as they were when small pictures were made of them
 */
export async function haveChanged(
  files: readonly PictureFile[],
): Promise<boolean> {
  const changes = await Promise.all(files.map(async (file) => {
    const info = await Deno.stat(file.path).catch(() => undefined);
    if (info === undefined) return false;
    const { bytes, modifiedMs } = pictureFile(file.path, info);
    return bytes !== file.bytes || modifiedMs !== file.modifiedMs;
  }));
  return changes.includes(true);
}
