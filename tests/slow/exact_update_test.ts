import { enginesUnderTest } from "../engine/engines.ts";
import { assertExactUpdate } from "../engine/iterated.ts";

for (const engine of enginesUnderTest()) {
  Deno.test(`${engine.name} engine: KSVD.jl's update test holds in full size`, async () => {
    await assertExactUpdate(engine, {
      width: 100,
      atoms: 200,
      rows: 1000,
      sparsity: 10,
    });
  });
}
