// The kernels as one module, compiled once a process and size of memory.
import { Module, PAGE_BYTES, type Target } from "./emit.ts";
import { f32x4, v128 } from "./instructions.ts";
import { addApply } from "./kernels/apply.ts";
import { addCoefficients } from "./kernels/coefficients.ts";
import { addMirror } from "./kernels/mirror.ts";
import { addMp } from "./kernels/mp.ts";
import { addOmp } from "./kernels/omp.ts";
import { addProbe } from "./kernels/probe.ts";
import { addProduct } from "./kernels/product.ts";
import { addProject } from "./kernels/project.ts";
import { addResidual } from "./kernels/residual.ts";
import { addSum } from "./kernels/sum.ts";
import { addTurn } from "./kernels/turn.ts";
import { isWide } from "./memory.ts";
import {
  addDistance,
  addDot,
  addGreatest,
  addNormalise,
  addStep,
} from "./kernels/vectors.ts";

/** A module that can be posted to threads, and which of its parameters are addresses. */
export interface CompiledKernels {
  module: WebAssembly.Module;
  /**
   * For every function, which parameters are addresses; undefined where addresses have 32 bits and are plain numbers.
   */
  wide?: Record<string, boolean[]> | undefined;
}

/** Every function of the kernels; addresses are numbers of bytes. See the kernels' own files. */
export type Kernels = Record<
  | "apply"
  | "coefficients"
  | "distance"
  | "dot"
  | "greatest"
  | "mirror"
  | "mp"
  | "mpPositive"
  | "normalise"
  | "omp"
  | "ompPositive"
  | "ompPositiveWeighted"
  | "ompWeighted"
  | "packColumns"
  | "packRows"
  | "probe"
  | "product"
  | "project"
  | "residual"
  | "step"
  | "sum"
  | "turnDouble"
  | "turnSingle",
  (...parameters: number[]) => number
>;

const compiled = new Map<number, CompiledKernels>();
let relaxed: boolean | undefined;

/** Emits every kernel for a target. */
export function emitKernels(target: Target): Module {
  const m = new Module(target);
  addProduct(m);
  addMirror(m);
  for (const signed of [true, false]) {
    for (const weighted of [true, false]) addOmp(m, signed, weighted);
    addMp(m, signed);
  }
  addCoefficients(m);
  addResidual(m);
  addSum(m);
  addTurn(m, "f32");
  addTurn(m, "f64");
  addProject(m);
  addApply(m);
  addDot(m);
  addGreatest(m);
  addDistance(m);
  addStep(m);
  addNormalise(m);
  addProbe(m);
  return m;
}

/** The kernels for a memory's size; one beyond 4 GiB has addresses of 64 bits. */
export function compileKernels(
  { buffer }: WebAssembly.Memory,
): CompiledKernels {
  const pages = buffer.byteLength / PAGE_BYTES;
  const known = compiled.get(pages);
  if (known !== undefined) return known;
  const wide = isWide(pages);
  const emitted = emitKernels({ relaxed: hasRelaxed(), wide, pages });
  const kernels = {
    module: new WebAssembly.Module(emitted.bytes()),
    wide: wide ? emitted.addressed() : undefined,
  };
  compiled.set(pages, kernels);
  return kernels;
}

/** The kernels at work on a memory. */
export function bindKernels(
  { module, wide }: CompiledKernels,
  memory: WebAssembly.Memory,
): Kernels {
  const { exports } = new WebAssembly.Instance(module, { host: { memory } });
  const kernels = exports as unknown as Kernels;
  if (wide === undefined) return kernels;
  return Object.fromEntries(
    Object.entries(wide).map(([name, addressed]) => {
      const call = kernels[name as keyof Kernels] as (
        ...parameters: (number | bigint)[]
      ) => number;
      return [
        name,
        (...parameters: number[]) =>
          call(...parameters.map((p, i) => addressed[i] ? BigInt(p) : p)),
      ];
    }),
  ) as Kernels;
}

/** Why kernels cannot run here; undefined where they can. */
export function kernelsLacking(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined") return "shared memory";
  return validates(false) ? undefined : "WebAssembly SIMD";
}

function hasRelaxed(): boolean {
  relaxed ??= validates(true);
  return relaxed;
}

// Whether a function with vector instructions, relaxed ones or plain ones, is understood.
function validates(relaxed: boolean): boolean {
  const m = new Module({ relaxed, wide: false, pages: 1 });
  m.function("trial", {}, (f) => {
    f.return(f32x4.lane(m.fma.madd(v128.zero, v128.zero, v128.zero), 0));
  }, "f32");
  return WebAssembly.validate(m.bytes());
}
