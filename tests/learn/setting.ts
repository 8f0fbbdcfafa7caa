// A small learning problem that the tests of learning share.
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { learn, type LearnResult } from "../../src/learn/learn.ts";
import type { LearnHooks } from "../../src/learn/hooks.ts";
import {
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../../src/options/train_options.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { evaluate, type Evaluation } from "../../src/use/evaluate.ts";

export const WIDTH = 16;

/** 600 rows of 3 of 24 atoms, with a little noise. */
export const PLANTED = plantRows({
  rows: 600,
  width: WIDTH,
  atoms: 24,
  sparsity: 3,
  noise: 0.05,
});

export function plantedSource(): RowSource {
  return rowsFromArray(PLANTED.data, WIDTH);
}

/** Defaults, but for sizes. */
export function optionsOf(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    ...DEFAULT_TRAIN_OPTIONS,
    atoms: 24,
    sparsity: 3,
    passes: 4,
    sampleBatch: 150,
    ...changes,
  };
}

/** Learns on the CPU engine. */
export function learned(
  changes: Partial<TrainOptions> = {},
  hooks: Partial<LearnHooks> = {},
  source = plantedSource(),
): Promise<LearnResult> {
  return learn(source, optionsOf(changes), {
    createEngine: createReferenceEngine,
    ...hooks,
  });
}

/** What a dictionary does to rows, by default the planted ones. */
export async function metricsOf(
  model: DictionaryModel,
  source = plantedSource(),
): Promise<Evaluation["metrics"]> {
  const { metrics } = await evaluate(model, source, {
    createEngine: createReferenceEngine,
  });
  return metrics;
}

/** Makes CPU engines whose calls are watched. */
export function watchedEngine(
  watch: Partial<
    {
      [Call in "iterate" | "holdRows"]: (
        ...args: Parameters<Engine[Call]>
      ) => void;
    }
  >,
): (spec: EngineSpec) => Promise<Engine> {
  return async (spec) => {
    const engine = await createReferenceEngine(spec);
    return new Proxy(engine, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const watcher = watch[name as "iterate" | "holdRows"] as
            | ((...args: unknown[]) => void)
            | undefined;
          watcher?.(...args);
          return value.apply(target, args);
        };
      },
    });
  };
}
