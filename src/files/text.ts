import { DbksvdError } from "../errors.ts";

/** Longest text file that is read: tokenizers take tens of megabytes, nothing else comes near. */
const MOST_BYTES = 2 ** 28;

/**
 * Reads a text file that somebody named: a regular file of a size that a text has.
 *
 * @param path the file
 * @param most bytes at most
 * @throws {DbksvdError} `data` where it is missing, no regular file, too large or not UTF-8
 */
export async function readTextFile(
  path: string,
  most: number = MOST_BYTES,
): Promise<string> {
  const refuse = (why: string, mend: string, cause?: unknown) =>
    new DbksvdError("data", `Cannot read the file, ${why}`, {
      where: { file: path },
      mend,
      cause,
    });
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw refuse("it is no regular file", "name a file");
    if (size > most) {
      throw refuse(`it has over ${most} bytes`, "name a text file");
    }
    const bytes = await Deno.readFile(path);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    if (cause instanceof TypeError) {
      throw refuse("it is not UTF-8", "name a text file", cause);
    }
    const reason = cause instanceof Deno.errors.NotFound
      ? "it is not there"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw refuse(reason, "check its name and permissions", cause);
  }
}
