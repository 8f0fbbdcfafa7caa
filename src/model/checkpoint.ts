import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import {
  exists,
  flushDirectory,
  writeFileAtomically,
} from "../files/atomic.ts";
import { writeError } from "../files/atomic.ts";
import { pack, unpack } from "./pack.ts";
import {
  openSafetensors,
  type Safetensors,
  safetensorsParts,
  type Tensor,
} from "../files/safetensors.ts";

/** Version of the checkpoint files' format. */
const CHECKPOINT_VERSION = 3;

/** The releases that wrote earlier formats, and can finish what they began. */
const RELEASES: Record<string, string> = { "2": "0.1.0" };

/** The directory, within an output directory, that holds an unfinished run's checkpoints. */
export const CHECKPOINT_DIRECTORY = ".checkpoint";

const NAME = /^checkpoint-(\d{12})\.safetensors$/;
const FORMAT = "dbksvd-checkpoint";
const TEXT = "json";

/**
 * Writes a checkpoint whole or not at all: temporary file, flush, rename, flush of the directory. It is a safetensors
 * file: the value's typed arrays are tensors, the rest is JSON in one more, and a SHA-256 covers all of them.
 *
 * @param directory where checkpoints are kept; made if it is not there
 * @param iteration what the checkpoint is named by
 * @param value plain objects, arrays, typed arrays, numbers, texts
 * @returns the file's path
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function writeCheckpoint(
  directory: string,
  iteration: number,
  value: unknown,
): Promise<string> {
  const { json, tensors } = pack(value);
  const bytes = new TextEncoder().encode(json);
  tensors[TEXT] = { dtype: "U8", shape: [bytes.length], bytes };
  const parts = safetensorsParts(tensors, {
    format: FORMAT,
    format_version: String(CHECKPOINT_VERSION),
    sha256: await digestOf(tensors),
  });
  const name = `checkpoint-${String(iteration).padStart(12, "0")}.safetensors`;
  const path = join(directory, name);
  await makeCheckpointDirectory(directory);
  await writeFileAtomically(path, parts);
  return path;
}

/** The checkpoints in a directory, the latest first; none where there is no such directory. */
export async function listCheckpoints(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) {
      if (NAME.test(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort().reverse().map((name) => join(directory, name));
}

/**
 * Reads a checkpoint.
 *
 * @param path what {@linkcode writeCheckpoint} wrote
 * @returns the value that was written
 * @throws {DbksvdError} `data` where it is damaged, or of another format version
 */
export async function readCheckpoint(path: string): Promise<unknown> {
  const file = await openSafetensors(path);
  const { format, format_version: version, sha256 } = file.header.metadata;
  if (format !== FORMAT) throw damaged(path, "it is no checkpoint");
  if (Number(version) !== CHECKPOINT_VERSION) {
    throw otherFormat(path, version);
  }
  const tensors = await readAll(file);
  if (await digestOf(tensors) !== sha256) {
    throw damaged(path, "its checksum does not match");
  }
  const text = tensors[TEXT];
  if (text === undefined) throw damaged(path, "its description is missing");
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(text.bytes);
    return await unpack(json, (name) => {
      if (!Object.hasOwn(tensors, name)) throw new TypeError("No such tensor");
      return Promise.resolve(tensors[name]);
    });
  } catch (cause) {
    throw damaged(path, "its description cannot be read", cause);
  }
}

/**
 * Removes all checkpoints but those to keep.
 *
 * @param directory where checkpoints are kept
 * @param keep paths that stay
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function pruneCheckpoints(
  directory: string,
  keep: readonly string[],
): Promise<void> {
  for (const path of await listCheckpoints(directory)) {
    if (keep.includes(path)) continue;
    try {
      await Deno.remove(path);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }
}

type ReadTensor = Tensor & { bytes: Uint8Array<ArrayBuffer> };

async function readAll(file: Safetensors): Promise<Record<string, ReadTensor>> {
  const tensors: Record<string, ReadTensor> = {};
  for (const [name, { dtype, shape }] of file.header.tensors) {
    const bytes = await file.bytes(name);
    Object.defineProperty(tensors, name, {
      value: { dtype, shape, bytes },
      enumerable: true,
    });
  }
  return tensors;
}

// SHA-256 over each tensor's name, type, shape and own digest, in order of name.
async function digestOf(tensors: Record<string, Tensor>): Promise<string> {
  const lines = [`${FORMAT} ${CHECKPOINT_VERSION}`];
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, bytes } = tensors[name];
    const digest = await sha256(bytes);
    lines.push(JSON.stringify([name, dtype, shape, digest]));
  }
  return await sha256(new TextEncoder().encode(lines.join("\n")));
}

/** The SHA-256 of some bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    bytes as Uint8Array<ArrayBuffer>,
  );
  return new Uint8Array(digest).toHex();
}

/**
 * Makes the directory that holds checkpoints, if it is not there. The entries above it are flushed too: a checkpoint
 * in a directory that a crash forgets is none.
 *
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function makeCheckpointDirectory(
  directory: string,
): Promise<void> {
  try {
    if (await exists(directory)) return;
    await Deno.mkdir(directory, { recursive: true });
    await flushDirectory(join(directory, ".."));
    await flushDirectory(join(directory, "..", ".."));
  } catch (cause) {
    throw writeError(directory, cause);
  }
}

function otherFormat(path: string, version: string): DbksvdError {
  const release = Object.hasOwn(RELEASES, version)
    ? `dbksvd ${RELEASES[version]}`
    : "the version of dbksvd that wrote it";
  return new DbksvdError("data", `The checkpoint has format ${version}`, {
    where: { file: path },
    mend: `this version of dbksvd reads format ${CHECKPOINT_VERSION}; ` +
      `finish the run with ${release}, or start afresh with --overwrite`,
  });
}

function damaged(path: string, why: string, cause?: unknown): DbksvdError {
  return new DbksvdError("data", `The checkpoint is damaged, ${why}`, {
    where: { file: path },
    mend: "take the one before, or start afresh with --overwrite",
    cause,
  });
}
