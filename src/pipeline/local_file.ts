import { DbksvdError } from "../errors.ts";
import { kindOf } from "../files/text.ts";
import { isInside, realPath } from "./paths.ts";

/** What lies at a path that an input names. */
export type LocalLook =
  | { kind: "file"; size: number; stamp: string }
  | { kind: "folder" }
  /** The pipeline's own, or gone in the meantime. */
  | { kind: "none" }
  /** Nothing that could be read, and why. */
  | { kind: "other"; reason: string };

/**
 * Looks at a path that a pattern matches.
 *
 * @param path where it is
 * @param place the folder that a link may not leave
 * @param own the pipeline's own folder
 * @throws whatever the file system says where it cannot be asked
 */
export async function lookAtPath(
  path: string,
  place: string,
  own: string,
): Promise<LocalLook> {
  const info = await statOf(path);
  if (info === undefined) return await lookAtNothing(path);
  if (info.isDirectory) return { kind: "folder" };
  const real = await realPath(path);
  if (isInside(own, real)) return { kind: "none" };
  if (!isInside(place, real)) {
    return {
      kind: "other",
      reason: "is a link that leaves its input's folder",
    };
  }
  if (!info.isFile) {
    return { kind: "other", reason: `is no file, but ${kindOf(info)}` };
  }
  const stamp = String(info.mtime?.getTime() ?? 0);
  return { kind: "file", size: info.size, stamp };
}

async function lookAtNothing(path: string): Promise<LocalLook> {
  const { isSymlink } = await Deno.lstat(path).catch(() => ({
    isSymlink: false,
  }));
  return isSymlink
    ? { kind: "other", reason: "is a link that leads to no file" }
    : { kind: "none" };
}

/** A file's facts; undefined where there is none. */
export async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.FilesystemLoop;
    if (gone) return undefined;
    throw error;
  }
}

/**
 * Refuses a place where something lies that is no folder.
 *
 * @param path the place
 * @param field its JSON path in the configuration
 * @throws {DbksvdError} `usage`
 */
export async function requireFolder(
  path: string,
  field: string,
): Promise<void> {
  const info = await statOf(path);
  if (info === undefined || info.isDirectory) return;
  throw new DbksvdError("usage", `${field}: "${path}" is no folder`, {
    mend: "name a folder, or a place where none is yet",
  });
}
