import { DbksvdError } from "../../errors.ts";
import type { FileContents } from "../../files/atomic.ts";
import type { AtomReading } from "../../model/atom_reading.ts";
import type { DictionaryModel } from "../../model/model.ts";
import type { AtomLogits } from "../../report/data.ts";
import type { RowSource } from "../../rows/source.ts";
import { OUTPUT_RECORD, type OutputOrigin } from "../../use/output_claim.ts";
import { TOOL_VERSION } from "../../version.ts";
import type { FoundText } from "../latent_rows.ts";
import {
  atomLogits,
  logitHistograms,
  type LogitOptions,
} from "../logits/logits.ts";
import type { InspectOptions } from "../options.ts";
import { textsOf } from "../row_texts.ts";
import type { CodeSpool } from "./code_spool.ts";
import {
  featureOf,
  type FeatureSource,
  type LogitBars,
  shownRows,
} from "./features.ts";
import { BARS, type LatentFigures } from "./gather.ts";

/** Features of a file, as SAEDashboard writes them. */
const BATCH = 128;
/** Rows whose texts are read at a time lie within so many. */
const SPAN = 16_384;
/** Tokens of a text that are shown on each side of one. */
const REACH = 63;
/** The threshold of density (log10) below which SAEDashboard skips features by default. */
const LOG_SPARSITY = -6;

/** How dashboards for Neuronpedia are written. */
export interface NeuronpediaOptions extends InspectOptions {
  /** The directory to write. */
  out: string;
  /** The language model, by Neuronpedia's name: `gpt2-small`. */
  modelName: string;
  /** Its layer. */
  layer: number;
  /** The name of the set of features; `dbksvd` by default. */
  setName?: string | undefined;
  /** The column with a text for every row; where rows are tokens, with a list of their texts or ids. */
  text: string;
  /** The data set that texts are from. */
  datasetPath?: string | undefined;
  /** Replace whatever is there. */
  overwrite?: boolean | undefined;
}

/** What {@linkcode exportNeuronpedia} wrote. */
export interface NeuronpediaResult {
  out: string;
  format: "neuronpedia";
  /** What features are: codes, or activations. */
  by: AtomReading;
  /** Names of the files in it. */
  files: string[];
  /** Features: twice the atoms where codes are signed, the negative ones behind the positive ones. */
  latents: number;
  /** Features that no row uses: they are listed as skipped. */
  skipped: number;
  /** Texts. */
  prompts: number;
  /** Tokens, or rows. */
  rows: number;
}

/** The files of an export. */
export class Dashboards {
  readonly result: NeuronpediaResult;
  #longest = 1;

  constructor(
    readonly model: DictionaryModel,
    readonly source: RowSource,
    readonly figures: LatentFigures,
    readonly options: NeuronpediaOptions,
  ) {
    this.result = {
      out: options.out,
      format: "neuronpedia",
      by: figures.by,
      files: [],
      latents: figures.uses.length,
      skipped: figures.uses.filter((uses) => uses === 0).length,
      prompts: 0,
      rows: figures.rows,
    };
  }

  async files(
    spool: CodeSpool,
    origin: OutputOrigin,
  ): Promise<FileContents[]> {
    const { model, figures, options, result } = this;
    const { modelName, layer, setName = "dbksvd" } = options;
    await this.#countTexts();
    const head = { model_id: modelName, layer, sae_set: setName };
    const logits = await this.#logits();
    const indexes = featureOrder(figures, model.atoms);
    const used = indexes.filter((latent) => figures.uses[latent] > 0);
    const files: FileContents[] = [];
    for (let first = 0; first < used.length; first += BATCH) {
      const some = used.slice(first, first + BATCH);
      files.push({
        name: `batch-${first / BATCH}.json`,
        parts: this.#batch(head, some, { spool, ...logits }),
      });
    }
    files.push(
      jsonFile("skipped_indexes.json", {
        ...head,
        layer: `${layer}`,
        log_sparsity: LOG_SPARSITY,
        skipped_indexes: [...indexes.keys()]
          .filter((i) => figures.uses[indexes[i]] === 0),
      }),
      jsonFile(OUTPUT_RECORD, {
        tool: `dbksvd ${TOOL_VERSION}`,
        by: result.by,
        origin,
      }),
    );
    result.files = files.map(({ name }) => name);
    return files;
  }

  // Written when its turn comes, so that one batch is in memory.
  async *#batch(
    head: Record<string, unknown>,
    latents: readonly number[],
    more: Pick<FeatureSource, "spool" | "logits" | "logitBars">,
  ): AsyncGenerator<Uint8Array> {
    const { model, figures, options, result } = this;
    options.signal?.throwIfAborted();
    const rows = latents.flatMap((latent) =>
      Array.from(shownRows(figures, latent), ({ row }) => row)
    );
    const texts = await this.#texts(rows);
    const features = latents.map((latent) =>
      featureOf(latent, {
        ...more,
        ...{ model, figures, texts },
        prompts: {
          n_prompts_total: result.prompts,
          n_tokens_in_prompt: this.#longest,
          dataset: options.datasetPath ?? "",
        },
      })
    );
    const batch = { ...head, sae_id_suffix: null, features };
    yield new TextEncoder().encode(JSON.stringify(batch));
  }

  async #texts(rows: readonly number[]): Promise<Map<number, FoundText>> {
    const { source, options } = this;
    const column = { column: options.text, tokens: options.tokens };
    const rising = Float64Array.from(new Set(rows)).sort();
    const texts = new Map<number, FoundText>();
    for (let from = 0; from < rising.length;) {
      let to = from + 1;
      while (to < rising.length && rising[to] - rising[from] < SPAN) to++;
      const some = rising.subarray(from, to);
      const found = await textsOf(source, column, some, REACH);
      found.forEach((text, i) => {
        if (source.readItems !== undefined && text.tokens === undefined) {
          throw notTokens(source, options.text);
        }
        texts.set(some[i], text);
      });
      from = to;
    }
    return texts;
  }

  // Texts, and tokens of the longest, of rows that are tokens; else rows.
  async #countTexts(): Promise<void> {
    const { source, result } = this;
    const { rowCount, readItems } = source;
    if (readItems === undefined) {
      result.prompts = result.rows;
      return;
    }
    let last = -1;
    for (let start = 0; start < rowCount; start += SPAN) {
      const end = Math.min(rowCount, start + SPAN);
      const { rows, items } = await source.readItems!({ start, end });
      for (let i = 0; i < rows.length; i++) {
        if (rows[i] !== last) result.prompts++;
        last = rows[i];
        this.#longest = Math.max(this.#longest, items[i] + 1);
      }
      this.options.signal?.throwIfAborted();
    }
  }

  async #logits(): Promise<{ logits?: AtomLogits; logitBars?: LogitBars }> {
    const { model, options } = this;
    const { unembed, tokens, foldNorm, threads, signal } = options;
    if (unembed === undefined || tokens === undefined) return {};
    const asked: LogitOptions = { unembed, tokens, foldNorm, threads, signal };
    const logits = await atomLogits(model, asked);
    const logitBars = await logitHistograms(model, logits, BARS, asked);
    return { logits, logitBars };
  }
}

// All of positive codes, then all of negative ones.
function featureOrder({ sides }: LatentFigures, atoms: number): number[] {
  return Array.from(
    { length: sides * atoms },
    (_, i) => sides === 1 ? i : i < atoms ? 2 * i : 2 * (i - atoms) + 1,
  );
}

function notTokens(source: RowSource, column: string): DbksvdError {
  return new DbksvdError("usage", "The texts are not by token, as rows are", {
    where: { file: source.files[0]?.path, column },
    mend: "name a column with a list of tokens, or of their ids, with --text",
  });
}

function jsonFile(name: string, value: unknown): FileContents {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  return { name, parts: [new TextEncoder().encode(text)] };
}
