import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "./bytes.ts";

const LFS = "version https://git-lfs.github.com/spec/";
/** A pointer is a few short lines. */
const POINTER_BYTES = 1024;

/**
 * Refuses a file that only points to one that Git LFS keeps.
 *
 * @throws {DbksvdError} `data`
 */
export async function refusePointers(
  { path, size, read }: Pick<ByteSource, "path" | "size" | "read">,
): Promise<void> {
  if (size > POINTER_BYTES || size < LFS.length) return;
  const head = new TextDecoder().decode(await read(0, LFS.length));
  if (head !== LFS) return;
  throw new DbksvdError(
    "data",
    "File is a Git LFS pointer, not the file itself",
    {
      where: { file: path },
      mend: "fetch it with: git lfs pull",
    },
  );
}
