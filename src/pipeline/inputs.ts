import { createHash } from "node:crypto";
import { basename, relative } from "node:path";
import { DbksvdError } from "../errors.ts";
import { type Globbed, globIn, globPaths } from "../files/glob.ts";
import type { RetryLimits } from "../net/request.ts";
import { InputHeaders } from "../net/headers.ts";
import { resolveHub } from "../net/hub.ts";
import type { RemoteOptions } from "../net/open.ts";
import type { RemotePlace } from "../net/place.ts";
import { Transfer } from "../net/transfer.ts";
import { Unreachable } from "../net/unreachable.ts";
import { isRowFile } from "../rows/file_format.ts";
import { findFiles, placeOf } from "../rows/inputs.ts";
import { type InputPattern, inputPattern } from "./input_patterns.ts";
import { lookAtPath, statOf } from "./local_file.ts";
import { isInside, realPath } from "./paths.ts";
import { readText } from "../files/text.ts";

/** A file or URL that the inputs name, as it is now. */
export interface FoundInput {
  /** Its name in the manifest: relative to the configuration where it lies there, without credentials. */
  path: string;
  /** What to open: an absolute path, or a place on the web. */
  location: string | RemotePlace;
  size: number;
  /** Time of the last change in ms, or a URL's ETag or Last-Modified. */
  stamp: string;
}

/** An input that could not be looked at. */
export interface MissingInput {
  /** Its name in the manifest, or the pattern that matches nothing. */
  path: string;
  /** `unreachable`: it cannot be asked now, later it may; `nothing`: nothing is there. */
  kind: "unreachable" | "nothing";
  /** In words. */
  reason: string;
}

/** What inputs name, and what could not be seen of it. */
export interface Findings {
  found: FoundInput[];
  missing: MissingInput[];
}

/** Where inputs are looked for, and how. */
export interface InputPlaces {
  /** The configuration's folder. */
  base: string;
  /** The pipeline's own folder: what lies in it is never an input. */
  root: string;
  signal?: AbortSignal | undefined;
  /** How long servers are waited for. */
  retry?: Partial<RetryLimits> | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

/** What lies under the input patterns now, each place once, in order of name. What is not there fails nothing. */
export async function findInputs(
  patterns: readonly InputPattern[],
  places: InputPlaces,
): Promise<Findings> {
  const missing: MissingInput[] = [];
  const expanded = await expandLists(patterns, missing);
  const headers = InputHeaders.of(expanded.map(({ pattern }) => pattern));
  const found = new Map<string, FoundInput>();
  const looks = expanded.map((pattern) => look(pattern, places, headers));
  for (const { found: inputs, missing: not } of await Promise.all(looks)) {
    for (const input of inputs) found.set(input.path, input);
    missing.push(...not);
  }
  const byName = (a: FoundInput, b: FoundInput) => a.path < b.path ? -1 : 1;
  return { found: [...found.values()].sort(byName), missing };
}

async function look(
  pattern: InputPattern,
  places: InputPlaces,
  headers: InputHeaders,
): Promise<Findings> {
  const path = nameOf(pattern, places.base);
  let findings: Findings;
  try {
    findings = pattern.kind === "url"
      ? await lookAtWeb(pattern, places, headers)
      : await lookAtPaths(pattern, places);
  } catch (error) {
    places.signal?.throwIfAborted();
    findings = { found: [], missing: [{ path, ...missingBecause(error) }] };
  }
  const { found, missing } = findings;
  if (found.length === 0 && missing.length === 0) {
    missing.push({ path, kind: "nothing", reason: NO_MATCH });
  }
  return { found, missing: missing.filter((input) => counts(input, pattern)) };
}

const NO_MATCH = "matches no file";

// Where an input is optional there may be nothing; what is there and cannot be read is reported all the same.
function counts(
  { kind, reason }: MissingInput,
  pattern: InputPattern,
): boolean {
  return !pattern.optional || kind === "unreachable" ||
    pattern.kind === "path" && reason !== NO_MATCH;
}

/** Why an input is missing, from what looking at it threw. */
export function missingBecause(
  error: unknown,
): Pick<MissingInput, "kind" | "reason"> {
  if (error instanceof Unreachable) {
    return { kind: "unreachable", reason: error.message };
  }
  if (error instanceof DbksvdError) {
    return { kind: "nothing", reason: error.message };
  }
  // A disk or a mount that does not answer, or permissions: another night it may.
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: "unreachable", reason };
}

async function expandLists(
  patterns: readonly InputPattern[],
  missing: MissingInput[],
): Promise<InputPattern[]> {
  const expanded: InputPattern[] = [];
  for (const pattern of patterns) {
    if (pattern.kind !== "list") {
      expanded.push(pattern);
      continue;
    }
    const { optional } = pattern;
    try {
      const lines = (await readText(pattern.pattern)).split("\n");
      for (const [i, line] of lines.entries()) {
        const text = line.trim();
        if (text === "" || text.startsWith("#")) continue;
        const field = `${pattern.pattern}, line ${i + 1}`;
        const listed = await inputPattern(pattern.folder, text, field);
        expanded.push({ ...listed, optional });
      }
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound;
      if (gone && optional) continue;
      missing.push({
        path: pattern.pattern,
        ...missingBecause(error),
        ...(gone ? { kind: "nothing", reason: "the list is not there" } : {}),
      });
    }
  }
  return expanded;
}

async function lookAtPaths(
  { pattern, folder }: InputPattern,
  { base, root }: InputPlaces,
): Promise<Findings> {
  const findings: Findings = { found: [], missing: [] };
  const info = await statOf(pattern);
  const isFolder = info?.isDirectory ?? false;
  const place = await realPath(isFolder ? pattern : folder);
  const own = await realPath(root);
  const { paths, shut } = info?.isFile
    ? { paths: [pattern], shut: [] }
    : matchesOf(pattern, isFolder, base);
  const miss = (path: string, because: Omit<MissingInput, "path">) =>
    findings.missing.push({ path: relativeName(path, base), ...because });
  for (const { path, cause } of shut) miss(path, missingBecause(cause));
  for (const path of paths) {
    if (isUnfinished(path)) continue;
    if (isFolder && (!isRowFile(path) || isLaidAside(pattern, path))) continue;
    try {
      const look = await lookAtPath(path, place, own);
      if (look.kind === "file") {
        const { size, stamp } = look;
        const name = relativeName(path, base);
        findings.found.push({ path: name, location: path, size, stamp });
      } else if (look.kind === "other") {
        miss(path, { kind: "nothing", reason: look.reason });
      } else if (
        look.kind === "folder" && !isFolder && isLeftOut(path, paths)
      ) {
        const reason = `is a folder: name ${relativeName(path, base)}/*`;
        miss(path, { kind: "nothing", reason });
      }
    } catch (error) {
      // One that cannot be looked at keeps no other back.
      miss(path, missingBecause(error));
    }
  }
  return findings;
}

// Whether a folder has the name of a file of rows, as Spark writes them, and none of its files is looked at.
function isLeftOut(folder: string, paths: readonly string[]): boolean {
  return isRowFile(folder) &&
    !paths.some((path) => path.startsWith(`${folder}/`));
}

// What a pattern matches; the folders above it are what they are, whatever characters their names hold.
function matchesOf(pattern: string, isFolder: boolean, base: string): Globbed {
  if (isFolder) return globIn(pattern, "**/*");
  return isInside(base, pattern)
    ? globIn(base, relative(base, pattern))
    : globPaths(pattern);
}

// Hidden and temporary files: writers keep unfinished work in them.
function isUnfinished(path: string): boolean {
  return /^\.|\.tmp$/.test(basename(path));
}

// In a folder, as everywhere, what begins with _ is no input: Spark writes there what may come to nothing.
function isLaidAside(folder: string, path: string): boolean {
  return relative(folder, path).split("/").some((name) => name.startsWith("_"));
}

async function lookAtWeb(
  { pattern }: InputPattern,
  places: InputPlaces,
  headers: InputHeaders,
): Promise<Findings> {
  const findings: Findings = { found: [], missing: [] };
  const named = await placesOf(pattern, places, headers);
  await Promise.all(named.map(async (place) => {
    const path = webName(place);
    try {
      const transfer = new Transfer(place, places);
      const { size = -1, etag } = await transfer.info();
      findings.found.push({ path, location: place, size, stamp: etag });
    } catch (error) {
      places.signal?.throwIfAborted();
      findings.missing.push({ path, ...missingBecause(error) });
    }
  }));
  return findings;
}

async function placesOf(
  pattern: string,
  options: RemoteOptions,
  headers: InputHeaders,
): Promise<RemotePlace[]> {
  if (pattern.startsWith("hf://")) {
    return await resolveHub(pattern, isRowFile, () => {}, headers, options);
  }
  if (/^https?:/i.test(pattern)) return [placeOf(pattern, headers)];
  return (await findFiles([pattern], options)).flatMap((found) =>
    "place" in found ? [found.place] : []
  );
}

/** A URL's name in the manifest: no user, no password, its query (which may hold a signature) by its checksum alone. */
function webName({ url, name }: RemotePlace): string {
  const { search } = new URL(url);
  if (search === "") return name;
  const query = createHash("sha256").update(search).digest("hex");
  return `${name}?${query.slice(0, 8)}`;
}

// A pattern as it may be reported.
function nameOf({ kind, pattern }: InputPattern, base: string): string {
  if (kind !== "url") return relativeName(pattern, base);
  if (!/^https?:/i.test(pattern)) return pattern;
  return URL.canParse(pattern) ? webName(placeOf(pattern)) : "a URL";
}

function relativeName(path: string, base: string): string {
  return isInside(base, path) ? relative(base, path) : path;
}
