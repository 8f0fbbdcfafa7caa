import { join } from "node:path";
import { DbksvdError } from "../../errors.ts";
import {
  type FileContents,
  temporarySibling,
  writeDirectoryAtomically,
} from "../../files/atomic.ts";
import { safetensorsHead } from "../../files/safetensors.ts";
import { placesOf, readingOfRows, sidesOf } from "../../inspection/look.ts";
import {
  DEFAULT_READING,
  type InspectOptions,
} from "../../inspection/options.ts";
import { readingOfStored } from "../../inspection/stored_codes.ts";
import type { AtomReading } from "../../model/atom_reading.ts";
import type { DictionaryModel } from "../../model/model.ts";
import type { RowSource } from "../../rows/source.ts";
import {
  claimOutput,
  originIn,
  originOf,
  OUTPUT_RECORD,
  type OutputOrigin,
} from "../../use/output_claim.ts";
import { requireReplaceable } from "../../use/output_directory.ts";
import { requireApart } from "../../use/output_guard.ts";
import { TOOL_VERSION } from "../../version.ts";
import { ContextCuts, cutTexts, tokenColumn } from "./contexts.ts";
import { Locations, type Split } from "./locations.ts";
import { Spool } from "./spool.ts";

/** Files that latents are split over, as delphi does by default. */
const SPLITS = 5;
/** Tokens that delphi looks at together by default: a context has to be a multiple of them. */
const WINDOW = 32;

/** How a cache for delphi is written. */
export interface DelphiOptions extends InspectOptions {
  /** The directory to write: delphi's own for one run, as `results/words`. */
  out: string;
  /** Where in the language model rows were taken, as delphi names it: the name of the cache's directory. */
  hookName: string;
  /** The language model, whose tokenizer delphi loads. */
  modelName: string;
  /** The column with the ids of a text's tokens; found, where it is clear which. */
  tokenIds?: string | undefined;
  /** Tokens of a context; the texts' length, where all have one. */
  contextSize?: number | undefined;
  /** The data set that texts are from. */
  datasetPath?: string | undefined;
  /** Replace whatever is there. */
  overwrite?: boolean | undefined;
}

/** What {@linkcode exportDelphi} wrote. */
export interface DelphiResult {
  out: string;
  format: "delphi";
  /** What latents are: codes, or activations. */
  by: AtomReading;
  /** Names of the files in it. */
  files: string[];
  /** Latents: twice the atoms where codes are signed, the negative ones behind the positive ones. */
  latents: number;
  /** Contexts. */
  contexts: number;
  /** Tokens of a context. */
  contextSize: number;
  /** Activations. */
  activations: number;
  /** Tokens that no context has. */
  leftTokens: number;
}

/**
 * Writes what tokens use atoms by as the cache of activations that delphi (EleutherAI's pipeline of explanations)
 * reads: `latents/HOOK/FIRST_LAST.safetensors` with locations, activations and tokens, and `config.json`. One streamed
 * pass; codes are spooled beside the output, so that memory grows by no more than some bytes a text.
 *
 * @param model the dictionary
 * @param source rows that are tokens of texts
 * @param options the directory, names, the column of token ids
 * @throws {DbksvdError} `usage` where rows are no tokens, contexts have no one length, or the directory holds anything
 * but an earlier cache of the same model, inputs, hook and reading; `data` where token ids do not fit the rows
 */
export async function exportDelphi(
  model: DictionaryModel,
  source: RowSource,
  options: DelphiOptions,
): Promise<DelphiResult> {
  const { out, hookName } = options;
  if (!/^[^/\\]+$/.test(hookName) || /^\.+$/.test(hookName)) {
    throw new DbksvdError("usage", `--hook-name is "${hookName}"`, {
      mend: "it names a directory, as layers.3",
    });
  }
  const column = await tokenColumn(source, options.tokenIds);
  await requireReplaceable(out);
  await requireApart(out, source.files.map(({ path }) => path));
  const origin = await originOf(
    ...["export delphi", model, source] as const,
    `for ${hookName} by ${await readingAsked(model, options)}`,
  );
  const claim = await claimOutput(out, origin, {
    ...{ overwrite: options.overwrite, isDirectory: true, read: originIn },
    onNotice: options.onNotice,
  });
  const work = temporarySibling(claim.path);
  try {
    if (!options.overwrite) await requireOnlyCache(claim.path);
    await Deno.mkdir(work, { recursive: true });
    const cache = await gather(model, source, column, work, options);
    try {
      const files = cacheFiles(model, cache, options, origin);
      await writeDirectoryAtomically(claim.path, files);
      return resultOf(options, cache, files);
    } finally {
      cache.close();
    }
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
    await claim.release();
  }
}

async function readingAsked(
  model: DictionaryModel,
  { by, codes }: InspectOptions,
): Promise<AtomReading> {
  return codes === undefined
    ? by ?? DEFAULT_READING
    : (await readingOfStored(model, codes, by)).by;
}

interface Cache {
  by: AtomReading;
  cuts: ContextCuts;
  tokens: Spool;
  locations: Locations;
  latents: number;
  close(): void;
}

async function gather(
  model: DictionaryModel,
  source: RowSource,
  column: string,
  work: string,
  options: DelphiOptions,
): Promise<Cache> {
  const { contextSize, signal, onNotice } = options;
  const cuts = new ContextCuts(contextSize);
  const latents = sidesOf(model) * model.atoms;
  const tokens = await Spool.in(work, "tokens");
  const locations = await Locations.in(
    ...[work, latents, model.atoms, SPLITS, cuts] as const,
  );
  const close = () => {
    tokens.close();
    locations.close();
  };
  try {
    const rows = await readingOfRows(model, source, options);
    await cutTexts(source, column, cuts, tokens, signal);
    requireContexts(cuts, source);
    if (cuts.size! % WINDOW !== 0) {
      onNotice?.(
        `A context has ${cuts.size} tokens, and delphi looks at ${WINDOW} together: give it another example_ctx_len, or --context-size a multiple of ${WINDOW}`,
      );
    }
    for await (const { codes, numbers } of rows.codes()) {
      await locations.add(codes, await placesOf(source, numbers));
    }
    if (locations.cut > 0) {
      onNotice?.(
        `${locations.cut} activations are beyond 16 bits, and stand as 65504`,
      );
    }
    return { by: rows.by, cuts, tokens, locations, latents, close };
  } catch (error) {
    close();
    throw error;
  }
}

function requireContexts({ contexts, size }: ContextCuts, source: RowSource) {
  if (contexts > 0) return;
  throw new DbksvdError("usage", `No text has ${size} tokens`, {
    where: { file: source.files[0]?.path },
    mend: "give a smaller --context-size",
  });
}

function cacheFiles(
  { labels }: DictionaryModel,
  { by, cuts, tokens, locations, latents }: Cache,
  { hookName, modelName, datasetPath }: DelphiOptions,
  origin: OutputOrigin,
): FileContents[] {
  const { contexts, size } = cuts;
  const folder = join("latents", hookName);
  const record = {
    tool: `dbksvd ${TOOL_VERSION}`,
    ...{ origin, by },
    latents: latents === locations.atoms
      ? "an atom each"
      : `the positive values of ${locations.atoms} atoms, then the negative ones`,
    labels,
  };
  const config = {
    ...{ dataset_repo: datasetPath ?? "", dataset_split: "" },
    ...{ dataset_name: "", dataset_column: "text", batch_size: 32 },
    ...{ cache_ctx_len: size, n_tokens: contexts * size!, n_splits: SPLITS },
    model_name: modelName,
  };
  return [
    ...locations.splits.map((split) => ({
      name: join(folder, `${split.first}_${split.last}.safetensors`),
      parts: splitParts(split, tokens, [contexts, size!]),
    })),
    jsonFile(join(folder, "config.json"), config),
    jsonFile(OUTPUT_RECORD, record),
  ];
}

function jsonFile(name: string, contents: unknown): FileContents {
  const text = `${JSON.stringify(contents, null, 2)}\n`;
  return { name, parts: [new TextEncoder().encode(text)] };
}

async function* splitParts(
  { first, last, locations, activations }: Split,
  tokens: Spool,
  [contexts, size]: [number, number],
): AsyncGenerator<Uint8Array> {
  const count = activations.length / 2;
  const isShort = Math.max(contexts, size, last - first + 1) <= 2 ** 16;
  const places = { length: locations.length / (isShort ? 2 : 1) };
  const dtype = isShort ? "U16" : "U32";
  yield safetensorsHead({
    tokens: { dtype: "I64", shape: [contexts, size], bytes: tokens },
    locations: { dtype, shape: [count, 3], bytes: places },
    activations: { dtype: "F16", shape: [count], bytes: activations },
  });
  yield* tokens.read();
  for await (const piece of locations.read()) {
    const numbers = new Uint32Array(piece.buffer);
    yield isShort ? new Uint8Array(Uint16Array.from(numbers).buffer) : piece;
  }
  yield* activations.read();
}

function resultOf(
  { out }: DelphiOptions,
  { by, cuts, locations, latents }: Cache,
  files: readonly FileContents[],
): DelphiResult {
  return {
    ...{ out, format: "delphi" as const, by, latents },
    files: files.map(({ name }) => name),
    ...{ contexts: cuts.contexts, contextSize: cuts.size! },
    ...{ activations: locations.active, leftTokens: cuts.leftTokens },
  };
}

// delphi writes what it finds beside the cache: that is not to be lost.
async function requireOnlyCache(directory: string): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const more = names.filter((name) =>
    !["latents", OUTPUT_RECORD].includes(name)
  );
  if (more.length === 0) return;
  throw new DbksvdError("usage", "The output directory holds more", {
    where: { file: join(directory, more[0]) },
    mend: "name another --out, or replace it with --overwrite",
  });
}
