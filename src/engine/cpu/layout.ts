// Where everything lies in the engine's one memory.
import { DbksvdError } from "../../errors.ts";
import { MOST_PAGES, PAGE_BYTES } from "../../wasm/emit.ts";
import { sharedMemory } from "../../wasm/memory.ts";
import { coefficientsRoom } from "../../wasm/kernels/coefficients.ts";
import { MOST_DEPTH, PANEL_ROWS } from "../../wasm/kernels/product.ts";
import { BLOCK_ATOMS } from "../../wasm/kernels/search.ts";
import type { EngineSpec } from "../engine.ts";
import { groupSparsities } from "../group_sparsities.ts";
import { HEAD_BYTES } from "./crew.ts";
import { ORDERS } from "./orders.ts";

/** Rows of a task: a multiple of the product's panels, and few enough for their panels to stay in L2. */
export const CHUNK_ROWS = 96;

/** Rows of a task of the Gram: panels of rows and of columns meet on the diagonal. */
export const GRAM_ROWS = 96;

/**
 * A native BLAS packs all atoms anew in every call: it gets more rows at a time, up to these, where there are tasks
 * enough for many threads.
 */
const NATIVE_ROWS = 384, NATIVE_TASKS = 24;

/** Parts of the rows that a process may have where several share an iteration. */
export const MOST_PARTS = 4095;

/** Regions begin on cache lines. */
const LINE = 64;

/** One Matryoshka group, or the only one, as it lies in memory. */
export interface GroupPlace {
  /** First atom. */
  start: number;
  atoms: number;
  /** Atoms with those of zeros that fill it up. */
  padded: number;
  /** Its first row in the dictionary, padded atoms of earlier groups included. */
  first: number;
  /** Its Gram, padded × padded, where there are pursuits, and its atoms as panels. */
  gram: number;
  panels: number;
}

/** Addresses that each thread has to itself. */
export interface ThreadPlace {
  /** Correlations of a coding task's rows. */
  correlations: number;
  /** Its rows as panels. */
  panels: number;
  /** One row's correlations as they change, and the pursuit's rows. */
  changing: number;
  steps: number;
  entries: number;
  /** An atom's next direction. */
  direction: number;
  /** One row's code, and the room for solving it. */
  support: number;
  x: number;
  room: number;
}

/** Sizes and addresses, in bytes from the memory's start; plain data that can be posted to threads. */
export interface Layout {
  /** n. */
  width: number;
  /** n, filled up with zeros to whole vectors, and its bytes. */
  padded: number;
  rowBytes: number;
  /** k. */
  sparsity: number;
  /** Most rows. */
  rows: number;
  /** Rows of a coding task. */
  codeRows: number;
  groups: GroupPlace[];
  /** The mean of the rows. */
  mean: number;
  /** Factors of the correlations in the choice of atoms, padded as the dictionary is. */
  choice: number;
  /** The two dictionaries, the one before and the one after an update, in turn. */
  dictionaries: [number, number];
  weights: number;
  /** Rows, and then what is left of them. */
  residual: number;
  /** Doubles, one a row: ‖y‖², what was left before a group, and after coding. */
  energies: number;
  current: number;
  errors: number;
  /** Codes: rows × k. */
  indices: number;
  values: number;
  /**
   * The uses of each atom: where its list begins and how many there are; then rows and coefficients before and after.
   */
  starts: number;
  counts: number;
  listRows: number;
  listX: number;
  listY: number;
  /** Atoms of the batch at hand, and which of them were moved. */
  batch: number;
  moved: number;
  /**
   * Iterations that processes share: where parts of the rows begin; of the batch's atoms, what earlier batches weigh,
   * and their sums, n + 2 doubles or floats each.
   */
  parts: number;
  carried: number;
  sums: number;
  /** For each atom, whether another one of a higher index is nearly the same. */
  suspects: number;
  /** The numbers that a phase gets (see orders.ts). */
  orders: number;
  threads: ThreadPlace[];
  bytes: number;
}

/** Rounds up to a multiple. */
export function up(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/**
 * Lays out the memory for a spec.
 *
 * @param spec everything fixed for the engine's life
 * @param threads how many work on it
 * @param native whether a native BLAS makes the products
 * @throws {DbksvdError} `run` where it would be more than WebAssembly can address
 */
export function layOut(
  spec: EngineSpec,
  threads: number,
  native = false,
): Layout {
  const { width, coder: { sparsity } } = spec;
  const rows = spec.sampleBatch, padded = up(width, 4), rowBytes = 4 * padded;
  const codeRows = native ? nativeRows(rows) : CHUNK_ROWS;
  const room = new Room(HEAD_BYTES);
  const orders = room.doubles(ORDERS.length);
  const groups = groupPlaces(spec);
  const atoms = groups.reduce((sum, group) => sum + group.padded, 0);
  const largest = Math.max(...groups.map((group) => group.padded));
  const slots = Math.max(...sharesOf(spec, sparsity));
  // The largest correlations need no Gram, and nothing of what a pursuit works in.
  const pursues = spec.coder.method !== "correlations";
  // A panel of rows may reach beyond the last atom, and a task's rows beyond the last row.
  const dictionary = () => room.singles((atoms + PANEL_ROWS) * padded);
  const dictionaries: [number, number] = [dictionary(), dictionary()];
  for (const group of groups) {
    group.panels = room.singles(group.padded * padded);
    const gram = (group.padded + GRAM_ROWS) * group.padded;
    group.gram = room.singles(pursues ? gram : 0);
  }
  const uses = rows * slots + 4 * largest;
  const places = {
    mean: room.singles(padded),
    choice: room.singles(atoms),
    weights: room.singles(spec.atoms),
    residual: room.singles(up(rows, CHUNK_ROWS) * padded),
    energies: room.doubles(rows),
    current: room.doubles(rows),
    errors: room.doubles(rows),
    indices: room.singles(rows * sparsity),
    values: room.singles(rows * sparsity),
    starts: room.singles(largest),
    counts: room.singles(largest),
    listRows: room.singles(uses),
    listX: room.singles(uses),
    listY: room.singles(uses),
    batch: room.singles(largest),
    moved: room.singles(largest),
    parts: room.singles(MOST_PARTS + 1),
    carried: room.doubles(largest),
    sums: room.doubles(largest * (width + 2)),
    suspects: room.singles(largest),
  };
  const threadPlaces = Array.from({ length: threads }, () => ({
    correlations: room.singles(codeRows * largest),
    panels: room.singles(CHUNK_ROWS * MOST_DEPTH),
    changing: room.singles(largest),
    steps: room.singles(pursues ? slots * largest : 0),
    entries: room.singles(slots),
    direction: room.singles(padded),
    support: room.singles(slots + 4),
    x: room.singles(slots + 4),
    room: room.doubles(pursues ? coefficientsRoom(slots) : 0),
  }));
  const bytes = up(room.bytes, PAGE_BYTES);
  if (bytes > MOST_PAGES.wide * PAGE_BYTES) throw tooLarge(bytes);
  return {
    width,
    padded,
    rowBytes,
    sparsity,
    rows,
    codeRows,
    groups,
    dictionaries,
    orders,
    ...places,
    threads: threadPlaces,
    bytes,
  };
}

function nativeRows(rows: number): number {
  const share = up(rows / NATIVE_TASKS, CHUNK_ROWS);
  return Math.min(NATIVE_ROWS, Math.max(CHUNK_ROWS, share));
}

/** Nonzeros of each group, of so many in all. */
export function sharesOf(
  { groups, coder }: EngineSpec,
  sparsity: number,
): number[] {
  return groupSparsities(groups, sparsity, coder.groupSparsity);
}

/** The row of the dictionary that an atom lies in. */
export function placeOf({ groups }: Layout, atom: number): number {
  const group = groups.findLast(({ start }) => start <= atom)!;
  return group.first + atom - group.start;
}

/** Makes the memory: what is never touched takes no room. */
export function memoryFor({ bytes }: Layout): WebAssembly.Memory {
  try {
    return sharedMemory(bytes);
  } catch (cause) {
    const mebibytes = Math.ceil(bytes / 2 ** 20);
    throw new DbksvdError(
      "run",
      `The CPU engine's ${mebibytes} MiB cannot be had`,
      { mend: "lower --sample-batch or --atoms", cause },
    );
  }
}

function groupPlaces({ groups }: EngineSpec): GroupPlace[] {
  let start = 0, first = 0;
  return groups.map((atoms) => {
    const padded = up(atoms, BLOCK_ATOMS);
    const place = { start, atoms, padded, first, gram: 0, panels: 0 };
    start += atoms;
    first += padded;
    return place;
  });
}

function tooLarge(bytes: number): DbksvdError {
  const gibibytes = (bytes / 2 ** 30).toFixed(1);
  return new DbksvdError(
    "run",
    `The CPU engine would take ${gibibytes} GiB, more than the 16 that it can address`,
    { mend: "lower --sample-batch or --atoms" },
  );
}

class Room {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = up(bytes, LINE);
  }

  singles(count: number): number {
    const at = this.bytes;
    this.bytes = up(at + 4 * count, LINE);
    return at;
  }

  doubles(count: number): number {
    return this.singles(2 * count);
  }
}
