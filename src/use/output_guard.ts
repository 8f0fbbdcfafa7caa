import { join, sep } from "node:path";
import { DbksvdError } from "../errors.ts";
import { LABEL_FILES } from "../labels/file.ts";
import { MODEL_FILES } from "../model/directory.ts";
import { exists } from "../files/atomic.ts";
import { readText } from "../files/text.ts";
import { digestOf } from "./export_parts.ts";
import { SAEBENCH_FILES } from "./export_saebench.ts";

/** What an export may consist of. */
export const EXPORT_FILES: readonly string[] = [
  "cfg.json",
  "config.json",
  "sae_weights.safetensors",
  "sae.safetensors",
  "ae.safetensors",
  "params.npz",
  ...SAEBENCH_FILES,
  MODEL_FILES.labels,
  LABEL_FILES.lost,
];

/**
 * Refuses an output whose writing would replace an input: the file itself, or the directory that it lies in.
 *
 * @param out the file or directory to write
 * @param inputs the inputs; what is no file of this machine is left aside
 * @throws {DbksvdError} `usage`
 */
export async function requireApart(
  out: string,
  inputs: readonly string[],
): Promise<void> {
  const place = await realPath(out);
  if (place === undefined) return;
  for (const input of inputs) {
    const file = await realPath(input);
    if (file !== place && !file?.startsWith(place + sep)) continue;
    throw new DbksvdError("usage", "The output would replace an input", {
      where: { file: input },
      mend: "name another output",
    });
  }
}

/**
 * Refuses to replace anything but an earlier export, and one into which names were written since.
 *
 * @param out the directory to write an export to
 * @throws {DbksvdError} `usage`
 */
export async function requireExportPlace(out: string): Promise<void> {
  const record = await requireExport(out);
  if (record !== undefined) await requireOwnLabels(out, record);
}

/**
 * Refuses a directory that holds anything but an export.
 *
 * @param out the directory
 * @returns what the tool wrote down of the export; undefined where there is none yet
 * @throws {DbksvdError} `usage`
 */
export async function requireExport(
  out: string,
): Promise<ExportRecord | undefined> {
  const names = await namesIn(out);
  const known = names.every((name) => EXPORT_FILES.includes(name));
  if (names.length === 0) return undefined;
  const record = known ? await recordOf(out, names) : undefined;
  if (record !== undefined) return record;
  throw new DbksvdError("usage", "The output directory holds something else", {
    where: { file: out },
    mend: "name another --out, or replace it with --overwrite",
  });
}

/** What the tool wrote down of an export; exports of 0.1.0 do not tell of their names. */
interface ExportRecord {
  labels_sha256?: string | null;
}

// As it stands in the configuration; undefined where the export is none of the tool's.
async function recordOf(
  directory: string,
  names: readonly string[],
): Promise<ExportRecord | undefined> {
  const config = names.find((name) => /^(cfg|config)\.json$/.test(name));
  if (config === undefined) return undefined;
  try {
    const { metadata } = JSON.parse(
      await readText(join(directory, config)),
    );
    return metadata?.dbksvd;
  } catch {
    return undefined;
  }
}

async function requireOwnLabels(
  directory: string,
  { labels_sha256: before }: ExportRecord,
): Promise<void> {
  const file = join(directory, MODEL_FILES.labels);
  if (before === undefined || !await exists(file)) return;
  if (digestOf(await readText(file)) === before) return;
  throw new DbksvdError("usage", "The names were changed since the export", {
    where: { file },
    mend: "take them to the model (label), or replace them with --overwrite",
  });
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

// Undefined for what is not there or may not be looked at: URLs, rows in memory.
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch {
    return undefined;
  }
}
