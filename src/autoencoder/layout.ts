// Where everything lies in the memory that the threads of a training share.
import { HEAD_BYTES } from "../engine/cpu/crew.ts";
import { DbksvdError } from "../errors.ts";
import { MOST_PAGES, PAGE_BYTES } from "../wasm/emit.ts";
import { sharedMemory } from "../wasm/memory.ts";
import { PANEL_COLUMNS, PANEL_ROWS } from "../wasm/kernels/product.ts";
import { ORDERS } from "./orders.ts";

/** Rows of a task that codes or rebuilds. */
export const CHUNK_ROWS = 8 * PANEL_ROWS;

/** Latents of a task that learns. */
export const CHUNK_LATENTS = 32;

/** What to do, of an export or a training, where the training of atoms takes too much. */
export const KEEP_ATOMS =
  "keep the atoms as they are: export with --fixed-atoms, train with --decoder-steps 0";

/** Everything fixed for a training. */
export interface AutoencoderSpec {
  /** n. */
  width: number;
  /** Latents. */
  latents: number;
  /** k: active latents of a row, exactly or on average. */
  sparsity: number;
  /** Rows of a step. */
  batch: number;
  /** Which pre-activations are active: the k largest of a row, or the k · rows largest of a step's rows together. */
  selection: "row" | "batch";
  /** The level of every latent: a row is rebuilt by those of level 0, by those up to level 1, and so on. */
  levels: Uint32Array;
  /** Whether decoder rows learn too. */
  learnsDecoder: boolean;
}

/** Addresses that are one thread's own. */
export interface ThreadPlace {
  panels: number;
  products: number;
  gradients: number;
}

/** Addresses, in bytes. */
export interface Layout {
  /** Values of a row, a multiple of four. */
  padded: number;
  rowBytes: number;
  /** Latents, up to whole panels. */
  wide: number;
  /** Slots of a row: where rows of a step share them, some may have several times k. */
  slots: number;
  levelCount: number;
  orders: number;
  encoder: number;
  decoder: number;
  bias: number;
  encoderMoments: number;
  decoderMoments: number;
  biasMoments: number;
  panels: number;
  rows: number;
  counts: number;
  indices: number;
  values: number;
  slopes: number;
  rests: number;
  starts: number;
  uses: number;
  threads: ThreadPlace[];
  bytes: number;
}

/** Slots of a row, in k, where a step's rows share their active latents. */
const SHARED_SLOTS = 4;

/** Slots of a row. */
export function slotsOf(
  { latents, sparsity, selection }: AutoencoderSpec,
): number {
  const shared = selection === "batch";
  return Math.min(latents, shared ? SHARED_SLOTS * sparsity : sparsity);
}

/** How many levels there are. */
export function levelsIn({ levels }: AutoencoderSpec): number {
  return 1 + levels.reduce((most, level) => Math.max(most, level));
}

/**
 * Lays a training out.
 *
 * @param spec what is trained
 * @param threads how many work
 * @throws {DbksvdError} `run` where it is more than can be addressed
 */
export function layOut(spec: AutoencoderSpec, threads: number): Layout {
  const { width, latents, batch } = spec;
  const padded = 4 * Math.ceil(width / 4);
  const wide = PANEL_COLUMNS * Math.ceil(latents / PANEL_COLUMNS);
  const slots = slotsOf(spec), levelCount = levelsIn(spec);
  const moments = spec.learnsDecoder ? 2 * latents * padded : 0;
  let bytes = HEAD_BYTES;
  const take = (words: number) => {
    const at = 64 * Math.ceil(bytes / 64);
    bytes = at + 4 * words;
    return at;
  };
  const places = {
    orders: take(2 * ORDERS.length),
    encoder: take(wide * padded),
    decoder: take(latents * padded),
    bias: take(latents),
    encoderMoments: take(2 * latents * padded),
    decoderMoments: take(moments),
    biasMoments: take(2 * latents),
    panels: take(wide * padded),
    rows: take((batch + CHUNK_ROWS) * padded),
    counts: take(batch),
    indices: take(batch * slots),
    values: take(batch * slots),
    slopes: take(batch * slots),
    rests: take(batch * levelCount * padded),
    starts: take(latents + 1),
    uses: take(batch * slots),
    threads: Array.from({ length: threads }, () => ({
      panels: take(CHUNK_ROWS * padded),
      products: take(CHUNK_ROWS * wide),
      gradients: take(2 * padded),
    })),
  };
  bytes = PAGE_BYTES * Math.ceil(bytes / PAGE_BYTES);
  if (bytes > MOST_PAGES.wide * PAGE_BYTES) {
    throw new DbksvdError(
      "run",
      `Training an autoencoder takes ${Math.ceil(bytes / 2 ** 30)} GiB here`,
      { mend: KEEP_ATOMS },
    );
  }
  return {
    ...{ padded, rowBytes: 4 * padded, wide, slots, levelCount },
    ...places,
    bytes,
  };
}

/** A memory of a layout's size. */
export function memoryFor({ bytes }: Layout): WebAssembly.Memory {
  try {
    return sharedMemory(bytes);
  } catch (cause) {
    throw new DbksvdError(
      "run",
      `An autoencoder's training takes ${
        Math.ceil(bytes / 2 ** 20)
      } MiB, which cannot be had`,
      {
        mend: KEEP_ATOMS,
        cause,
      },
    );
  }
}
