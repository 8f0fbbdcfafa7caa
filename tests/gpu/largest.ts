import assert from "node:assert/strict";
import type { GpuEngineOptions } from "../../src/engine/gpu/gpu.ts";
import { TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { randomStream } from "../../src/random.ts";
import { plainSpec } from "../engine/engines.ts";
import { randomValues } from "../engine/planted.ts";
import { unitRows } from "./planted.ts";
import { createEngineWithin } from "./within.ts";

const { loopBudget } = TUNINGS.software;
const WAYS: Record<string, GpuEngineOptions> = {
  "without subgroups": { subgroups: false },
  "in workgroups of 32": { limits: { workgroupSize: 32 } },
  "with matrices in parts and rows in chunks": { limits: { binding: 32768 } },
  "as on NVIDIA": { tuning: { ...TUNINGS.nvidia, loopBudget } },
  "as on other cards": { tuning: { ...TUNINGS.other, loopBudget } },
};

/** Sizes of the problem. */
export const SIZES = { width: 33, atoms: 333, rows: 150, sparsity: 40 };
const DICTIONARY = unitRows(
  SIZES.atoms,
  SIZES.width,
  randomStream(9, "largest").normal,
);
const DATA = randomValues(SIZES.rows * SIZES.width, "largest on GPUs");

/** Registers the test of the largest correlations, for ways to find them. */
export function testLargest(choose: (way: string) => boolean): void {
  for (const [way, options] of Object.entries(WAYS)) {
    if (!choose(way)) continue;
    Deno.test(`gpu engine: the largest correlations ${way} are the reference's`, async () => {
      for (const nonnegative of [false, true]) {
        const spec = plainSpec(SIZES, {
          coder: { method: "correlations", nonnegative },
        });
        const [found, expected] = await Promise.all(
          [createEngineWithin(spec, options), createReferenceEngine(spec)].map(
            async (made) => {
              const engine = await made;
              await engine.loadDictionary(DICTIONARY);
              const rows = { data: DATA.slice(), rows: SIZES.rows };
              const codes = await engine.encode(rows);
              await engine.close();
              return codes;
            },
          ),
        );
        // Sums in another order may change places of values that are nearly equal.
        let same = 0;
        found.indices.forEach((atom, slot) => {
          if (atom === expected.indices[slot]) same++;
          const off = Math.abs(found.values[slot] - expected.values[slot]);
          assert(off < 1e-4, `slot ${slot}`);
        });
        assert(same >= 0.999 * found.indices.length, `${same}`);
      }
    });
  }
}
