import { basename, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import type { FileContents } from "../files/atomic.ts";
import { parseJson } from "../files/text.ts";
import { LABEL_FILES, labelsJson } from "../labels/file.ts";
import { dictionaryFileParts } from "../model/dictionary_file.ts";
import { loadModel, MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel, ModelConfig } from "../model/model.ts";
import type { HubFile } from "../net/hub_upload.ts";
import { PartsBody } from "../net/parts_body.ts";
import { courseOf, renderReport } from "../report/report.ts";
import { keptProbe } from "../report/kept_probe.ts";
import { fingerprint } from "../use/codes_metadata.ts";
import { pursuitAutoencoder } from "../use/export_autoencoder.ts";
import { exportFiles, type ExportNames } from "../use/export_formats.ts";
import { exportOrigin, originOf, pageOrigin } from "../use/output_claim.ts";
import { requireExport } from "../use/output_guard.ts";
import { cleanRecord } from "./clean_record.ts";

/** The export that is made where none is named: the one that needs no rows. */
const OWN_EXPORT = "saelens-mp";

/** What is to be shared of a model. */
export interface SharedParts {
  /** Directories that `export` wrote of this model; one is made for SAELens where none is named. None: []. */
  exports?: readonly string[] | undefined;
  /** What the export that is made here tells of where the rows come from. */
  names?: ExportNames | undefined;
  /** Share the report, which shows the classes that the model was probed for. */
  report?: boolean | undefined;
  /** Pages that `inspect --html` wrote of this model: they show texts of the rows. */
  pages?: readonly string[] | undefined;
}

/** What is shared of a model, but for its card. */
export interface SharedModel {
  model: DictionaryModel;
  /** The record as it is shared. */
  config: ModelConfig;
  files: HubFile[];
  /** Folders with exports, and their formats. */
  exports: { folder: string; format: string }[];
  /** Paths of pages to look at. */
  pages: string[];
}

/**
 * Gathers what is shared of a model directory: the dictionary, names of atoms, the record without places and values,
 * exports; report and pages where they are asked for.
 *
 * @param directory what `train` wrote
 * @param name what the model is called there
 * @param parts which exports and pages
 * @throws {DbksvdError} `usage` for an export or a page of another model
 */
export async function gatherFiles(
  directory: string,
  name: string,
  parts: SharedParts,
): Promise<SharedModel> {
  const { model, config, metrics } = await loadModel(directory);
  const shared = cleanRecord(config);
  const files: HubFile[] = [
    hubFile(MODEL_FILES.dictionary, dictionaryFileParts(model)),
    textFile(MODEL_FILES.config, `${JSON.stringify(shared, null, 2)}\n`),
  ];
  if (model.labels !== undefined) {
    files.push(textFile(MODEL_FILES.labels, labelsJson(model.labels)));
  }
  const exports: SharedModel["exports"] = [];
  for (const one of await exportsOf(model, parts)) {
    exports.push({ folder: one.folder, format: one.format });
    files.push(...one.files);
  }
  const pages: string[] = [];
  if (parts.report) {
    const course = await courseOf(metrics);
    const probe = await keptProbe(directory);
    const found = probe && { ...probe, rowsName: "labelled rows" };
    const page = { name, model, config: shared, course, probe: found };
    files.push(textFile(MODEL_FILES.report, renderReport(page)));
    pages.push(MODEL_FILES.report);
  }
  for (const page of parts.pages ?? []) {
    files.push(await pageFile(page, model, pages));
  }
  return { model, config: shared, files, exports, pages };
}

async function exportsOf(
  model: DictionaryModel,
  { exports, names = {} }: SharedParts,
) {
  if (exports !== undefined) {
    const taken: string[] = [];
    const found = [];
    for (const one of exports) found.push(await readExport(one, model, taken));
    return found;
  }
  const origin = await originOf(`export ${OWN_EXPORT}`, model, []);
  const written = exportFiles(
    model,
    pursuitAutoencoder(model),
    OWN_EXPORT,
    names,
    { origin },
  );
  const files = [];
  for (const file of written) files.push(await inFolder(OWN_EXPORT, file));
  return [{ folder: OWN_EXPORT, format: OWN_EXPORT, files }];
}

async function inFolder(
  folder: string,
  { name, parts }: FileContents,
): Promise<HubFile> {
  return hubFile(`${folder}/${name}`, await Array.fromAsync(parts));
}

async function readExport(
  directory: string,
  model: DictionaryModel,
  taken: string[],
) {
  const origin = await exportOrigin(directory);
  const format = /^export (\S+)$/.exec(origin?.command ?? "")?.[1];
  if (format === undefined || origin?.dictionary !== await fingerprint(model)) {
    throw new DbksvdError("usage", "The directory is no export of this model", {
      where: { file: directory },
      mend: "name a directory that export wrote of it, or leave --export out",
    });
  }
  // Names that somebody wrote into it go along.
  await requireExport(directory);
  const folder = distinct(format, taken);
  const files: HubFile[] = [];
  for await (const { name, isFile } of Deno.readDir(directory)) {
    // Names that were lost are for whoever gave them.
    if (!isFile || name === LABEL_FILES.lost) continue;
    const bytes = await Deno.readFile(join(directory, name));
    const own = name.endsWith(".json") ? withoutPlaces(bytes) : bytes;
    files.push(hubFile(`${folder}/${name}`, [own]));
  }
  files.sort((a, b) => a.path < b.path ? -1 : 1);
  return { folder, format, files };
}

async function pageFile(
  page: string,
  model: DictionaryModel,
  pages: string[],
): Promise<HubFile> {
  const origin = await pageOrigin(page);
  if (origin?.dictionary !== await fingerprint(model)) {
    throw new DbksvdError("usage", "The page shows no atoms of this model", {
      where: { file: page },
      mend: "name a file that inspect --html wrote of it",
    });
  }
  const path = distinct(basename(page), pages);
  return hubFile(path, [await Deno.readFile(page)]);
}

function distinct(name: string, taken: string[]): string {
  let found = name;
  for (let n = 2; taken.includes(found); n++) found = `${n}-${name}`;
  taken.push(found);
  return found;
}

// Names for a target may have been paths of this machine, or addresses.
function withoutPlaces(bytes: Uint8Array): Uint8Array {
  const isPlace = (text: string) =>
    /^([/~\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]|[a-z][a-z0-9+.-]*:\/\/)/i.test(text);
  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return isPlace(value) ? "" : value;
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, clean(inner)]),
    );
  };
  const document = clean(parseJson(new TextDecoder().decode(bytes)));
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
}

/** A text as a file of a repository. */
export function textFile(path: string, text: string): HubFile {
  return hubFile(path, [new TextEncoder().encode(text)]);
}

function hubFile(path: string, parts: Uint8Array[]): HubFile {
  return { path, content: new PartsBody(parts) };
}
