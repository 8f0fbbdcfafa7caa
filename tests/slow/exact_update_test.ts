import { enginesUnderTest } from "../engine/engines.ts";
import { assertExactUpdate } from "../engine/iterated.ts";

// The plain engine passes the same in its suite; in full size the measure alone, an SVD an atom, takes minutes.
const FAST = enginesUnderTest().filter(({ name }) => name !== "reference");

for (const engine of FAST) {
  Deno.test(`${engine.name} engine: KSVD.jl's update test holds in full size`, async () => {
    await assertExactUpdate(engine, {
      width: 100,
      atoms: 200,
      rows: 1000,
      sparsity: 10,
    });
  });
}
