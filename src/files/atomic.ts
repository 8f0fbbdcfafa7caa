import { basename, dirname, join, resolve } from "node:path";
import { DbksvdError } from "../errors.ts";

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** A file's name and contents, in parts. */
export interface FileContents {
  name: string;
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Writes a file whole or not at all: into a temporary sibling, flushed to disk, then renamed.
 *
 * @param path the file to write or replace
 * @param parts its bytes, in order
 * @throws {DbksvdError} `run` where the file system refuses (disk full, permissions)
 */
export async function writeFileAtomically(
  path: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const temporary = temporarySibling(path);
  try {
    await writeAndFlush(temporary, parts);
    await Deno.rename(temporary, path);
    await flushDirectory(dirname(path));
  } catch (cause) {
    await removeIfPossible(temporary);
    throw writeError(path, cause);
  }
}

/**
 * Writes a directory of files whole or not at all: built under a temporary sibling name, flushed, then put in place. A
 * directory that is there already stays, under the name of {@linkcode previousOf}, until the new one is in place.
 *
 * @param directory the directory to create or replace
 * @param files its contents
 * @param stays what else of the directory that is replaced goes over into the new one, by name; nothing by default
 * @param mayGo asked once all files are written, right before the directory is put in place
 * @returns false where it was not to go there: nothing has changed then
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function writeDirectoryAtomically(
  directory: string,
  files: readonly FileContents[],
  stays: (name: string) => boolean = () => false,
  mayGo: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  const temporary = temporarySibling(directory);
  try {
    await Deno.mkdir(temporary, { recursive: true });
    for (const { name, parts } of files) {
      await Deno.mkdir(dirname(join(temporary, name)), { recursive: true });
      await writeAndFlush(join(temporary, name), parts);
    }
    await flushDirectory(temporary);
    if (!await mayGo()) {
      await removeIfPossible(temporary);
      return false;
    }
    await replaceDirectory(temporary, directory, stays);
    return true;
  } catch (cause) {
    await removeIfPossible(temporary);
    throw writeError(directory, cause);
  }
}

/** Where a directory's former contents are while it is being replaced (POSIX cannot exchange two directories). */
export function previousOf(directory: string): string {
  const path = withoutSlash(directory);
  return join(dirname(path), `.${basename(path)}.previous`);
}

/** A name beside `path` for what is not finished yet. */
export function temporarySibling(path: string): string {
  const target = withoutSlash(path);
  const unique = crypto.randomUUID().slice(0, 8);
  return join(dirname(target), `.${basename(target)}.${unique}.tmp`);
}

/**
 * Where a path leads: links followed, also where what they lead to is not there yet.
 *
 * @param path a file or directory to write
 * @throws {DbksvdError} `usage` where links go round in a circle
 */
export async function followLinks(path: string): Promise<string> {
  let at = withoutSlash(path);
  for (let hops = 0; hops < MOST_LINKS; hops++) {
    try {
      return await Deno.realPath(at);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw writeError(path, error);
      }
    }
    // Nothing is there: a link to nothing, or a name in a directory that may be reached by links.
    const parent = dirname(at);
    if (await isLink(at)) at = resolve(parent, await Deno.readLink(at));
    else if (parent === at) return at;
    else return join(await followLinks(parent), basename(at));
  }
  throw new DbksvdError("usage", "Links go round in a circle", {
    where: { file: path },
    mend: "name the place itself",
  });
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw writeError(path, error);
  }
}

/**
 * Takes away what runs that did not live to rename it left beside an output. Only for whoever keeps other runs out of
 * it.
 *
 * @param path the output, a file or a directory
 */
export async function removeRemainsOf(path: string): Promise<void> {
  const target = withoutSlash(path);
  const name = basename(target);
  await removeRemains(dirname(target), (of) => of === name);
}

/** Takes away temporary files and directories (see {@linkcode temporarySibling}) of the targets chosen. */
export async function removeRemains(
  directory: string,
  ours: (target: string) => boolean,
): Promise<void> {
  if (!await exists(directory)) return;
  for await (const { name } of Deno.readDir(directory)) {
    const target = /^\.(.+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (target === undefined || !ours(target)) continue;
    await Deno.remove(join(directory, name), { recursive: true });
  }
}

/** A `run` error for a write that the file system refused; a {@linkcode DbksvdError} passes through. */
export function writeError(path: string, cause: unknown): DbksvdError {
  if (cause instanceof DbksvdError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DbksvdError("run", `Cannot write: ${reason}`, {
    where: { file: path },
    mend: /ENOSPC|os error 28\b|disk is full/.test(reason)
      ? "free some disk space and run again; nothing was lost"
      : /EMFILE|os error 24\b/.test(reason)
      ? "allow more open files, ulimit -n 1024, and run again; nothing was lost"
      : cause instanceof Deno.errors.NotFound
      ? "the place is no longer there; bring it back, or name another"
      : cause instanceof Deno.errors.NotCapable
      ? "name another place: programs of Deno may not write to /dev, /proc, /sys"
      : "check the place and its permissions and run again; nothing was lost",
    cause,
  });
}

async function replaceDirectory(
  from: string,
  to: string,
  stays: (name: string) => boolean,
) {
  const previous = previousOf(to);
  if (!(await exists(to))) {
    await Deno.rename(from, to);
  } else {
    await removeQuietly(previous);
    await Deno.rename(to, previous);
    try {
      await Deno.rename(from, to);
    } catch (error) {
      // What was there goes back; where that fails too, whoever opens it finds it under its other name.
      await Deno.rename(previous, to).catch(() => {});
      throw error;
    }
  }
  await flushDirectory(dirname(withoutSlash(to)));
  await clearPrevious(to, stays);
}

/**
 * Removes what a directory was before it was replaced, but for what stays: that goes over first, unless there is such
 * a name in the new one. Done again after a crash, it comes to the same.
 *
 * @param directory the directory as it is now
 * @param stays what goes over, by name
 */
export async function clearPrevious(
  directory: string,
  stays: (name: string) => boolean,
): Promise<void> {
  const previous = previousOf(directory);
  if (!await exists(previous)) return;
  for await (const { name } of Deno.readDir(previous)) {
    const to = join(directory, name);
    if (!stays(name) || await exists(to)) continue;
    await Deno.rename(join(previous, name), to);
    await flushDirectory(directory);
  }
  await removeQuietly(previous);
}

async function writeAndFlush(path: string, parts: FileContents["parts"]) {
  const file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
  });
  try {
    for await (const part of parts) await writeAll(file, part);
    await file.sync();
  } finally {
    file.close();
  }
}

/** Writes all of some bytes to a file. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array) {
  let written = 0;
  while (written < bytes.length) {
    written += await file.write(bytes.subarray(written));
  }
}

/** Flushes a directory's entries to disk, so that a rename within it outlives a power cut. */
export async function flushDirectory(path: string) {
  const directory = await Deno.open(path);
  try {
    await directory.sync();
  } finally {
    directory.close();
  }
}

async function removeQuietly(path: string) {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

// Where a write failed, its remains may be out of reach too (a mount gone, a disk gone read-only): the write's error
// is the one to tell.
async function removeIfPossible(path: string) {
  try {
    await Deno.remove(path, { recursive: true });
  } catch {
    return;
  }
}

/** Whether anything is at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
