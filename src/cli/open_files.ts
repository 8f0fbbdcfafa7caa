import { DbksvdError } from "../errors.ts";

/** What the fewest workers, and the files that they read, take beside what Deno itself has open. */
const FEWEST = 28;

/**
 * Refuses to begin where hardly any file may be opened: starting a worker would end Deno in a panic then.
 *
 * @throws {DbksvdError} `run`
 */
export function requireOpenFiles(): void {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < FEWEST) files.push(Deno.openSync("/dev/null"));
  } catch (cause) {
    // Elsewhere, or without the permission, nobody knows.
    if ((cause as { code?: string }).code !== "EMFILE") return;
    throw new DbksvdError("run", "Too few files may be open at once", {
      mend: "allow more: ulimit -n 1024",
      cause,
    });
  } finally {
    for (const file of files) file.close();
  }
}
