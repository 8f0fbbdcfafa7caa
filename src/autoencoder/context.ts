import {
  bindKernels,
  type CompiledKernels,
  type Kernels,
} from "../wasm/module.ts";
import {
  type AutoencoderSpec,
  CHUNK_ROWS,
  type Layout,
  type ThreadPlace,
} from "./layout.ts";
import { Orders } from "./orders.ts";

/** What every thread of one training is given; it can be posted. */
export interface ThreadStart {
  spec: AutoencoderSpec;
  layout: Layout;
  kernels: CompiledKernels;
  memory: WebAssembly.Memory;
  /** 0 for the thread that owns the training. */
  number: number;
}

/** What a thread works with. */
export interface Context {
  spec: AutoencoderSpec;
  layout: Layout;
  kernels: Kernels;
  orders: Orders;
  own: ThreadPlace;
  views: Views;
}

/** The shared arrays, as JavaScript sees them. */
export interface Views {
  encoder: Float32Array;
  decoder: Float32Array;
  bias: Float32Array;
  encoderMoments: Float32Array;
  decoderMoments: Float32Array;
  biasMoments: Float32Array;
  rows: Float32Array;
  counts: Uint32Array;
  indices: Uint32Array;
  values: Float32Array;
  slopes: Float32Array;
  rests: Float32Array;
  starts: Uint32Array;
  uses: Uint32Array;
  /** The thread's own. */
  products: Float32Array;
  gradients: Float32Array;
}

/** Sets a thread up. */
export function contextOf(start: ThreadStart): Context {
  const { spec, layout, memory, number } = start;
  const own = layout.threads[number];
  return {
    spec,
    layout,
    kernels: bindKernels(start.kernels, memory),
    orders: new Orders(memory.buffer, layout.orders),
    own,
    views: viewsOf(spec, layout, own, memory.buffer),
  };
}

function viewsOf(
  { latents, batch, learnsDecoder }: AutoencoderSpec,
  layout: Layout,
  own: ThreadPlace,
  buffer: ArrayBufferLike,
): Views {
  const { padded, slots, levelCount, wide } = layout;
  const singles = (at: number, count: number) =>
    new Float32Array(buffer, at, count);
  const words = (at: number, count: number) =>
    new Uint32Array(buffer, at, count);
  return {
    encoder: singles(layout.encoder, latents * padded),
    decoder: singles(layout.decoder, latents * padded),
    bias: singles(layout.bias, latents),
    encoderMoments: singles(layout.encoderMoments, 2 * latents * padded),
    decoderMoments: singles(
      layout.decoderMoments,
      learnsDecoder ? 2 * latents * padded : 0,
    ),
    biasMoments: singles(layout.biasMoments, 2 * latents),
    rows: singles(layout.rows, batch * padded),
    counts: words(layout.counts, batch),
    indices: words(layout.indices, batch * slots),
    values: singles(layout.values, batch * slots),
    slopes: singles(layout.slopes, batch * slots),
    rests: singles(layout.rests, batch * levelCount * padded),
    starts: words(layout.starts, latents + 1),
    uses: words(layout.uses, batch * slots),
    products: singles(own.products, CHUNK_ROWS * wide),
    gradients: singles(own.gradients, 2 * padded),
  };
}
