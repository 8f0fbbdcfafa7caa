import {
  bindKernels,
  type CompiledKernels,
  type Kernels,
} from "../../wasm/module.ts";
import type { EngineSpec } from "../engine.ts";
import { type Blas, openBlas } from "./blas.ts";
import {
  type GroupPlace,
  type Layout,
  MOST_PARTS,
  type ThreadPlace,
} from "./layout.ts";
import { Orders } from "./orders.ts";

/** What every thread of one engine is given; it can be posted. */
export interface ThreadStart {
  spec: EngineSpec;
  layout: Layout;
  kernels: CompiledKernels;
  memory: WebAssembly.Memory;
  /** 0 for the thread that owns the engine. */
  number: number;
  /** Steps of matching pursuit for each allowed nonzero. */
  mpSteps: number;
  /** The BLAS that makes the products, as the user named it. */
  blas?: string | undefined;
}

/** What a thread works with. */
export interface Context {
  spec: EngineSpec;
  layout: Layout;
  kernels: Kernels;
  orders: Orders;
  mpSteps: number;
  /** What makes the products, where it is not the kernels. */
  blas?: Blas | undefined;
  /** Addresses that are this thread's own. */
  own: ThreadPlace;
  views: Views;
}

/** The shared arrays, as JavaScript sees them. */
export interface Views {
  energies: Float64Array;
  current: Float64Array;
  errors: Float64Array;
  indices: Uint32Array;
  values: Float32Array;
  weights: Float32Array;
  starts: Uint32Array;
  counts: Uint32Array;
  listRows: Uint32Array;
  listX: Float32Array;
  listY: Float32Array;
  batch: Uint32Array;
  moved: Uint32Array;
  suspects: Uint32Array;
  parts: Uint32Array;
  carried: Float64Array;
  /** Sums of an atom batch, as doubles or as single floats. */
  sums: { f32: Float32Array; f64: Float64Array };
  /** Each group's Gram; none where there are no pursuits. */
  grams: Float32Array[];
  /** The thread's own: one row's code, and an atom's next direction. */
  support: Uint32Array;
  x: Float32Array;
  direction: Float32Array;
}

/** Sets a thread up. */
export function contextOf(start: ThreadStart): Context {
  const { spec, layout, memory, number } = start;
  const { buffer } = memory, own = layout.threads[number];
  return {
    spec,
    layout,
    kernels: bindKernels(start.kernels, memory),
    orders: new Orders(buffer, layout.orders),
    mpSteps: start.mpSteps,
    blas: start.blas === undefined ? undefined : openBlas(start.blas, memory),
    own,
    views: viewsOf(spec, layout, own, buffer),
  };
}

/** The group that the phase at hand is about. */
export function groupAtHand({ layout, orders }: Context): GroupPlace {
  return layout.groups[orders.get("group")];
}

/** Where a group's atoms lie in the dictionary before the update, or in the one after it. */
export function atomsOf(
  { layout, orders }: Context,
  group: GroupPlace,
  which: "before" | "after" = "before",
): number {
  const side = orders.get("side");
  const at = layout.dictionaries[which === "before" ? side : 1 - side];
  return at + group.first * layout.rowBytes;
}

function viewsOf(
  { coder }: EngineSpec,
  layout: Layout,
  own: ThreadPlace,
  buffer: ArrayBufferLike,
): Views {
  const { rows, sparsity } = layout;
  const largest = Math.max(...layout.groups.map((group) => group.padded));
  const slots = (own.x - own.support) / 4;
  const uses = (layout.listX - layout.listRows) / 4;
  const doubles = (at: number) => new Float64Array(buffer, at, rows);
  const singles = (at: number, count: number) =>
    new Float32Array(buffer, at, count);
  const words = (at: number, count: number) =>
    new Uint32Array(buffer, at, count);
  return {
    energies: doubles(layout.energies),
    current: doubles(layout.current),
    errors: doubles(layout.errors),
    indices: words(layout.indices, rows * sparsity),
    values: singles(layout.values, rows * sparsity),
    weights: singles(
      layout.weights,
      layout.groups.reduce((sum, { atoms }) => sum + atoms, 0),
    ),
    starts: words(layout.starts, largest),
    counts: words(layout.counts, largest),
    listRows: words(layout.listRows, uses),
    listX: singles(layout.listX, uses),
    listY: singles(layout.listY, uses),
    batch: words(layout.batch, largest),
    moved: words(layout.moved, largest),
    suspects: words(layout.suspects, largest),
    parts: words(layout.parts, MOST_PARTS + 1),
    carried: new Float64Array(buffer, layout.carried, largest),
    sums: {
      f32: singles(layout.sums, largest * (layout.width + 2)),
      f64: new Float64Array(buffer, layout.sums, largest * (layout.width + 2)),
    },
    grams: coder.method === "correlations"
      ? []
      : layout.groups.map((group) => singles(group.gram, group.padded ** 2)),
    support: words(own.support, slots),
    x: singles(own.x, slots),
    direction: singles(own.direction, layout.padded),
  };
}
