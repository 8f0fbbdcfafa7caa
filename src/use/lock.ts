import { basename, dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { writeError } from "../files/atomic.ts";
import { CONFIG_BYTES, readText } from "../files/text.ts";

/** Keeps other runs out of an output until it is released. */
export interface OutputLock {
  /**
   * Checks that the output's directory is still the one it was: a mount may have gone, and what is written then would
   * land elsewhere.
   *
   * @throws {DbksvdError} `run`
   */
  requirePlace(): Promise<void>;
  /** Lets go; calling it again does nothing. */
  release(): Promise<void>;
}

/** Who holds a lock: words for whoever finds it, and no part of the locking. */
interface Holder {
  pid: number;
  host: string;
  since: string;
}

/** Where the lock of an output lies: beside it, for the output itself is replaced as a whole. */
export function lockPath(output: string): string {
  const path = output.replace(/(?<=.)\/+$/, "");
  return join(dirname(path), `.${basename(path)}.lock`);
}

/**
 * Locks an output directory or file. The lock is the kernel's, on a file beside the output: it ends with its process
 * however that ends, so a lock left by a crash is no obstacle, and no process number can be mistaken for another's.
 *
 * @param output what is going to be written
 * @param onNotice called with where the file system has no locks, and where a crashed run left its lock
 * @throws {DbksvdError} `usage` where another run holds it; `run` where the lock cannot be written
 */
export async function lockOutput(
  output: string,
  onNotice?: (notice: string) => void,
): Promise<OutputLock> {
  const path = lockPath(output);
  for (;;) {
    const file = await open(path);
    try {
      if (!await acquire(file, path, onNotice)) throw await inUse(output, path);
      // Whoever held it before may have removed the file between our opening and our locking it.
      if (!await isStillAt(file, path)) {
        file.close();
        continue;
      }
      await tellOfCrash(file, path, onNotice);
      await sign(file);
      const place = await Deno.stat(dirname(path));
      return {
        requirePlace: () => requireSame(dirname(path), place),
        release: releaseOf(file, path),
      };
    } catch (error) {
      file.close();
      throw error instanceof DbksvdError ? error : writeError(path, error);
    }
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw writeError(path, cause);
  }
}

async function acquire(
  file: Deno.FsFile,
  path: string,
  onNotice?: (notice: string) => void,
): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch {
    onNotice?.(
      `${path}: this file system has no locks; see to it that no other run writes here`,
    );
    return true;
  }
}

async function isStillAt(file: Deno.FsFile, path: string): Promise<boolean> {
  const held = await file.stat();
  try {
    const named = await Deno.stat(path);
    return held.ino === named.ino && held.dev === named.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function inUse(output: string, path: string): Promise<DbksvdError> {
  const holder = await readHolder(path);
  const who = holder === undefined
    ? ""
    : ` by process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new DbksvdError("usage", `The output is in use${who}`, {
    where: { file: output },
    mend: "wait for that run, stop it, or name another --out",
  });
}

// The lock is ours, so whoever signed the file did not live to remove it.
async function tellOfCrash(
  file: Deno.FsFile,
  path: string,
  onNotice?: (notice: string) => void,
): Promise<void> {
  if ((await file.stat()).size === 0) return;
  const holder = await readHolder(path);
  onNotice?.(
    holder === undefined
      ? "A run before this one ended without removing its lock"
      : `The run of process ${holder.pid} on ${holder.host}, since ${holder.since}, ended without removing its lock`,
  );
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host, since } = JSON.parse(
      await readText(path, { bytes: CONFIG_BYTES }),
    );
    const valid = Number.isSafeInteger(pid) && typeof host === "string" &&
      typeof since === "string";
    return valid ? { pid, host, since } : undefined;
  } catch {
    return undefined;
  }
}

async function sign(file: Deno.FsFile): Promise<void> {
  const holder: Holder = {
    pid: Deno.pid,
    host: hostName(),
    since: new Date().toISOString(),
  };
  await file.truncate(0);
  await file.write(new TextEncoder().encode(`${JSON.stringify(holder)}\n`));
}

function hostName(): string {
  const asked = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return asked.state === "granted" ? Deno.hostname() : "this host";
}

async function requireSame(path: string, place: Deno.FileInfo) {
  const now = await Deno.stat(path).catch(() => undefined);
  if (now?.ino === place.ino && now.dev === place.dev) return;
  throw new DbksvdError("run", "The output's place is no longer there", {
    where: { file: path },
    mend: "mount or restore it, and go on with --resume",
  });
}

function releaseOf(file: Deno.FsFile, path: string): () => Promise<void> {
  let held = true;
  return async () => {
    if (!held) return;
    held = false;
    try {
      await Deno.remove(path);
    } catch {
      // The place is gone or read-only; closing the file ends the lock all the same.
    } finally {
      file.close();
    }
  };
}
