import { createHash } from "node:crypto";
import { glob } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { DbksvdError } from "../errors.ts";
import { type InputPattern, inputPattern } from "./config.ts";
import { isInside, realPath } from "./paths.ts";

/** A file or URL that the inputs name, as it is now. */
export interface FoundInput {
  /** Its name in the manifest: relative to the configuration where it lies there, without credentials. */
  path: string;
  /** What to open: an absolute path or a URL. */
  location: string;
  size: number;
  /** Time of the last change in ms, or a URL's ETag or Last-Modified. */
  stamp: string;
}

/** An input that could not be looked at. */
export interface LostInput {
  path: string;
  reason: string;
}

/** Where inputs are looked for. */
export interface InputPlaces {
  /** The configuration's folder. */
  base: string;
  /** The pipeline's own folder: what lies in it is never an input. */
  root: string;
  signal?: AbortSignal;
}

const TAIL_BYTES = 65536;
const FOLDER_FILES = "**/*.{parquet,safetensors,npy,f32}";

/** What lies under the input patterns now, each place once, in order of name. */
export async function findInputs(
  patterns: readonly InputPattern[],
  places: InputPlaces,
): Promise<{ found: FoundInput[]; lost: LostInput[] }> {
  const found = new Map<string, FoundInput>();
  const lost: LostInput[] = [];
  for (const pattern of await expandLists(patterns)) {
    const inputs = pattern.kind === "url"
      ? await lookAtUrl(pattern.pattern, lost, places.signal)
      : await lookAtPaths(pattern, places, lost);
    for (const input of inputs) found.set(input.path, input);
  }
  const byName = (a: FoundInput, b: FoundInput) => a.path < b.path ? -1 : 1;
  return { found: [...found.values()].sort(byName), lost };
}

async function expandLists(
  patterns: readonly InputPattern[],
): Promise<InputPattern[]> {
  const expanded: InputPattern[] = [];
  for (const pattern of patterns) {
    if (pattern.kind !== "list") {
      expanded.push(pattern);
      continue;
    }
    const lines = (await readList(pattern.pattern)).split("\n");
    for (const [i, line] of lines.entries()) {
      const text = line.trim();
      if (text === "" || text.startsWith("#")) continue;
      const field = `${pattern.pattern}, line ${i + 1}`;
      expanded.push(await inputPattern(pattern.folder, text, field));
    }
  }
  return expanded;
}

async function readList(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new DbksvdError("usage", "Cannot read a list of inputs", {
      where: { file },
      mend: "name a readable text file under /inputs",
      cause,
    });
  }
}

async function lookAtPaths(
  { pattern, folder }: InputPattern,
  { base, root }: InputPlaces,
  lost: LostInput[],
): Promise<FoundInput[]> {
  const found: FoundInput[] = [];
  const isFolder = (await statOf(pattern))?.isDirectory ?? false;
  const place = await realPath(isFolder ? pattern : folder);
  const own = await realPath(root);
  for await (
    const match of glob(isFolder ? join(pattern, FOLDER_FILES) : pattern)
  ) {
    const info = await statOf(match);
    if (!info?.isFile || basename(match).startsWith(".")) continue;
    const real = await realPath(match);
    if (isInside(own, real)) continue;
    const path = isInside(base, match) ? relative(base, match) : match;
    if (!isInside(place, real)) {
      lost.push({ path, reason: "is a link that leaves its input's folder" });
      continue;
    }
    const stamp = String(info.mtime?.getTime() ?? 0);
    found.push({ path, location: match, size: info.size, stamp });
  }
  return found;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function lookAtUrl(
  url: string,
  lost: LostInput[],
  signal?: AbortSignal,
): Promise<FoundInput[]> {
  const path = urlName(url);
  try {
    const response = await fetch(url, { method: "HEAD", signal });
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return [];
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    const size = Number(response.headers.get("content-length") ?? -1);
    const stamp = response.headers.get("etag") ??
      response.headers.get("last-modified") ?? "";
    return [{ path, location: url, size, stamp }];
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    lost.push({ path, reason: reason.replaceAll(url, path) });
    return [];
  }
}

/** A URL's name in the manifest: no user, no password, its query (which may hold a signature) by its checksum alone. */
function urlName(url: string): string {
  const { origin, pathname, search } = new URL(url);
  if (search === "") return origin + pathname;
  const query = createHash("sha256").update(search).digest("hex");
  return `${origin}${pathname}?${query.slice(0, 8)}`;
}

/** What tells an input's content from another's. */
export interface Checksums {
  /** SHA-256 of the content; of a URL, of its validator, size and tail. */
  checksum: string;
  /** SHA-256 of the last 64 KiB, where Parquet keeps its footer. */
  footer: string;
}

/** Reads an input's checksums. */
export async function checksumsOf(
  input: FoundInput,
  signal?: AbortSignal,
): Promise<Checksums> {
  return /^https?:/i.test(input.location)
    ? await urlChecksums(input, signal)
    : await fileChecksums(input, signal);
}

async function fileChecksums(
  input: FoundInput,
  signal?: AbortSignal,
): Promise<Checksums> {
  const whole = createHash("sha256");
  const tail = createHash("sha256");
  using file = await Deno.open(input.location);
  const tailStart = Math.max(0, (await file.stat()).size - TAIL_BYTES);
  const buffer = new Uint8Array(1 << 20);
  let at = 0;
  for (;;) {
    signal?.throwIfAborted();
    const count = await file.read(buffer);
    if (count === null) break;
    const bytes = buffer.subarray(0, count);
    whole.update(bytes);
    if (at + count > tailStart) {
      tail.update(bytes.subarray(Math.max(0, tailStart - at)));
    }
    at += count;
  }
  return { checksum: whole.digest("hex"), footer: tail.digest("hex") };
}

async function urlChecksums(
  input: FoundInput,
  signal?: AbortSignal,
): Promise<Checksums> {
  const response = await fetch(input.location, {
    headers: { range: `bytes=-${TAIL_BYTES}` },
    signal,
  });
  if (response.status !== 206) {
    await response.body?.cancel();
    throw new DbksvdError("data", "The server gives no byte ranges", {
      where: { file: input.path },
      mend: "serve the file from one that does",
    });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const footer = createHash("sha256").update(bytes).digest("hex");
  const checksum = createHash("sha256")
    .update(`${input.stamp}|${input.size}|${footer}`).digest("hex");
  return { checksum, footer };
}
