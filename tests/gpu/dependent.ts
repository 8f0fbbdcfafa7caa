import {
  createGpuEngine,
  type GpuEngineOptions,
} from "../../src/engine/gpu/gpu.ts";
import { TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { dependentSuite } from "../engine/suite_dependent.ts";

/** How rows can be coded beside the software driver's own way. */
const WAYS: Record<string, GpuEngineOptions> = {
  "verified, pruned": { tuning: { search: "verified", pruned: true } },
  "every Gram row read": { tuning: { search: "verified", pruned: false } },
  "correlations through memory": { tuning: { pursuitElements: 0 } },
  "by products": { tuning: { rates: { flops: 1e30, cacheBytes: 1 } } },
  "without subgroups": { subgroups: false, tuning: TUNINGS.software },
};

/** Registers the tests of atoms that depend on each other, for ways to code rows. */
export function testDependent(choose: (way: string) => boolean): void {
  for (const [way, options] of Object.entries(WAYS)) {
    if (!choose(way)) continue;
    dependentSuite({
      name: `gpu, ${way}:`,
      sums: "float32",
      create: (spec) => createGpuEngine(spec, options),
    });
  }
}
