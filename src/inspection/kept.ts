import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  exists,
  flushDirectory,
  temporarySibling,
  writeError,
} from "../files/atomic.ts";
import { bytesOf } from "../bytes.ts";
import { labelTexts } from "../labels/label.ts";
import { isModelDirectory } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { AtomLogits } from "../report/data.ts";
import type { RowSource } from "../rows/source.ts";
import { fingerprint } from "../use/codes_metadata.ts";
import { TOOL_VERSION } from "../version.ts";
import type { Inspection } from "./inspect.ts";
import { DEFAULT_READING, type InspectOptions } from "./options.ts";
import { partsOf, type StoredPart, whole } from "./parts.ts";
import { haveChanged } from "./pictures/files.ts";

/** The file that an inspection is kept in. */
export const KEPT_FILE = "inspection.sqlite";

/** The form of the file: another one is looked past. */
const FORMAT = 4;

/**
 * Where a model's inspection is kept: in its directory, or, where that cannot be written or is another tool's, or an
 * export, in the user's cache.
 *
 * @param directory a model directory
 * @param cache `$XDG_CACHE_HOME`, or `~/.cache`; nothing is kept outside of directories where there is neither
 */
export async function keptPlace(
  directory: string,
  cache: string | undefined,
): Promise<string | undefined> {
  const own = join(directory, KEPT_FILE);
  if (await exists(own)) return own;
  if (await isModelDirectory(directory) && await mayWrite(directory)) {
    return own;
  }
  if (cache === undefined) return undefined;
  const name = createHash("sha256").update(resolve(directory)).digest("hex")
    .slice(0, 32);
  return join(cache, "dbksvd", `${name}.${KEPT_FILE}`);
}

async function mayWrite(directory: string): Promise<boolean> {
  const trial = temporarySibling(join(directory, KEPT_FILE));
  try {
    await Deno.writeFile(trial, new Uint8Array(0), { createNew: true });
    await Deno.remove(trial);
    return true;
  } catch {
    return false;
  }
}

/**
 * What an inspection follows from: dictionary, rows, how they are coded and what is kept of them, and the tool's
 * version. `undefined` where the rows cannot be distinguished from others, so that nothing may be kept.
 *
 * @param model the dictionary
 * @param source the rows
 * @param options how they are looked at
 * @param codes what tells stored codes from others, where such are looked at
 */
export async function keyOf(
  model: DictionaryModel,
  source: RowSource,
  options: InspectOptions,
  codes?: unknown,
): Promise<string | undefined> {
  const prints = await source.fingerprints?.();
  if (prints === undefined || prints.some((one) => one === undefined)) {
    return undefined;
  }
  const { text, tokens, topRows, spreadRows, nearest, rows } = options;
  const { by = options.codes === undefined ? DEFAULT_READING : "stored" } =
    options;
  const { image, imageDir, imageSize, imageLimit } = options;
  const facts = {
    format: FORMAT,
    toolVersion: TOOL_VERSION,
    dictionary: await fingerprint(model),
    by,
    coder: model.coder,
    encoder: by === "activation" ? encoderDigest(model.autoencoder) : undefined,
    groups: model.groups,
    files: source.files.map(({ path, rows, bytes }, i) => ({
      path,
      rows,
      bytes,
      ...prints[i],
    })),
    ...{ rowCount: source.rowCount, column: source.column },
    reading: source.reading,
    codes,
    ...{ text, topRows, spreadRows, nearest, range: rows?.range },
    tokens: tokens?.digest,
    ...{ image, imageSize, imageLimit },
    imageDir: imageDir && resolve(imageDir),
  };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

// What an autoencoder's activations follow from beside its decoder.
function encoderDigest(
  sae: DictionaryModel["autoencoder"],
): string | undefined {
  if (sae === undefined) return undefined;
  const hash = createHash("sha256");
  const { encoder, encoderBias, centresInput, scalesByLength } = sae;
  const { kind, ...numbers } = sae.activation;
  hash.update(JSON.stringify([kind, centresInput, scalesByLength]));
  for (const part of [encoder, encoderBias, ...Object.values(numbers)]) {
    hash.update(
      part instanceof Float32Array ? bytesOf(part) : JSON.stringify([part]),
    );
  }
  return hash.digest("hex");
}

/**
 * The inspection that is kept under a key, with the names that the model has now; `undefined` also where a picture's
 * file is another one by now.
 *
 * @param place the file
 * @param key see {@linkcode keyOf}
 * @param model whose labels are shown: they may have changed since
 */
export async function readKept(
  place: string,
  key: string,
  model: DictionaryModel,
): Promise<Inspection | undefined> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(place, { readOnly: true });
    const about = database.prepare("SELECT key FROM about").get();
    if (about?.key !== key) return undefined;
    const inspection = whole<Inspection>(partsIn(database, "inspection"));
    const files = inspection.pictures?.files ?? [];
    if (await haveChanged(files)) return undefined;
    inspection.table.labels = labelTexts(model.labels ?? {});
    return inspection;
  } catch {
    // Missing, damaged or of another form: it is made again.
    return undefined;
  } finally {
    database?.close();
  }
}

function partsIn(database: DatabaseSync, what: string): StoredPart[] {
  return database.prepare("SELECT name, kind, data FROM parts WHERE what = ?")
    .all(what) as unknown as StoredPart[];
}

/** Logits that are kept, and what they follow from. */
export interface KeptLogits {
  /** The dictionary's fingerprint. */
  dictionary: string;
  /** What else they follow from: the unembedding, and what its tokens are called. */
  from: string;
  logits: AtomLogits;
}

/**
 * The logits that are kept, whatever rows the inspection beside them is of.
 *
 * @param place the file
 */
export function readKeptLogits(place: string): KeptLogits | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(place, { readOnly: true });
    const about = database.prepare("SELECT logits FROM about").get();
    if (typeof about?.logits !== "string") return undefined;
    const logits = whole<AtomLogits>(partsIn(database, "logits"));
    return { ...JSON.parse(about.logits), logits };
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}

/**
 * Keeps an inspection: written beside its name and renamed, so that readers see the old one or the new one.
 *
 * @param place the file
 * @param key see {@linkcode keyOf}
 * @param inspection what was found
 * @param logits the atoms' logits, where they are known
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function keep(
  place: string,
  key: string,
  inspection: Inspection,
  logits?: KeptLogits,
): Promise<void> {
  const temporary = temporarySibling(place);
  try {
    await Deno.mkdir(join(place, ".."), { recursive: true });
    const database = new DatabaseSync(temporary);
    try {
      database.exec(
        `PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;
         CREATE TABLE about (key TEXT NOT NULL, logits TEXT);
         CREATE TABLE parts (
           what TEXT, name TEXT, kind TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (what, name)
         ) WITHOUT ROWID;
         BEGIN`,
      );
      const { logits: _apart, ...own } = inspection;
      insertParts(database, "inspection", own);
      if (logits !== undefined) insertParts(database, "logits", logits.logits);
      const about = logits &&
        { dictionary: logits.dictionary, from: logits.from };
      database.prepare("INSERT INTO about VALUES (?, ?)")
        .run(key, about === undefined ? null : JSON.stringify(about));
      database.exec("COMMIT");
    } finally {
      database.close();
    }
    await Deno.rename(temporary, place);
    await flushDirectory(join(place, ".."));
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw writeError(place, cause);
  }
}

function insertParts(database: DatabaseSync, what: string, found: object) {
  const insert = database.prepare("INSERT INTO parts VALUES (?, ?, ?, ?)");
  for (const { name, kind, data } of partsOf(found)) {
    insert.run(what, name, kind, data);
  }
}

/** Removes what is kept; tells whether there was anything. */
export async function forget(place: string): Promise<boolean> {
  try {
    await Deno.remove(place);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw writeError(place, cause);
  }
}
