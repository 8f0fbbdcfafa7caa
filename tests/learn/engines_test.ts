import assert from "node:assert/strict";
import { enginesUnderTest } from "../engine/engines.ts";
import { learned, metricsOf } from "./setting.ts";

Deno.test("learn() gives every engine as good a dictionary, each the same bytes again", async () => {
  const values: number[] = [];
  for (const { create } of enginesUnderTest()) {
    const run = () => learned({ passes: 6 }, { createEngine: create });
    const { model } = await run();
    assert.deepEqual((await run()).model.dictionary, model.dictionary);
    const metrics = await metricsOf(model);
    values.push(metrics.fvu);
  }
  const spread = Math.max(...values) - Math.min(...values);
  assert(spread < 0.003, `FVU ${values.join(" and ")}`);
});
