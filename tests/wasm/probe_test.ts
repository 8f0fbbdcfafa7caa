import assert from "node:assert/strict";
import { TestMemory } from "./memory.ts";

Deno.test("the probe tells multiply-add that rounds once from one that rounds twice", () => {
  const { kernels } = new TestMemory({ relaxed: false, wide: false });
  assert.equal(kernels.probe(), 0);
  const relaxed = new TestMemory({ relaxed: true, wide: false });
  assert([0, 2 ** -24].includes(relaxed.kernels.probe()));
});
