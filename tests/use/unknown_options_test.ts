import assert from "node:assert/strict";
import { join } from "node:path";
import * as library from "../../mod.ts";
import * as pipelines from "../../pipeline.ts";

/** As from JavaScript, where no type refuses it. */
const MISTYPED: Record<string, never> = JSON.parse('{"treads":2}');

Deno.test("an option that there is none of is refused by every verb, before it does anything", async () => {
  const out = join(await Deno.makeTempDir(), "out");
  const rows = Float32Array.from({ length: 64 * 4 }, (_, i) => Math.sin(i * i));
  const source = library.rowsFromArray(rows, 4);
  const small = { atoms: 6, sparsity: 2, passes: 1 };
  const { model } = await library.train(source, small, { device: "cpu" });
  const named = [{ name: "", model }];
  const columns = new Map([["a", () => Promise.resolve(source)]]);
  const swept = { atoms: [6], sparsity: [2] };
  const codes = library.encodeRows(model, source, MISTYPED);
  const calls: Record<string, () => unknown> = {
    train: () => library.train(source, small, MISTYPED),
    trainToDirectory: () =>
      library.trainToDirectory(source, small, { out, ...MISTYPED }),
    encode: () => library.encode(model, source, { out, ...MISTYPED }),
    encodeRows: () => codes.next(),
    decode: () => library.decode(model, "codes", { out, ...MISTYPED }),
    evaluate: () => library.evaluate(model, source, MISTYPED),
    evaluateAll: () => library.evaluateAll(named, source, MISTYPED),
    inspect: () => library.inspect(model, source, MISTYPED),
    exportModel: () =>
      library.exportModel(model, { format: "saebench", out, ...MISTYPED }),
    probe: () =>
      library.probe(named, source, { classColumns: ["a"], ...MISTYPED }),
    synthesize: () => library.synthesize({ out, ...MISTYPED }),
    plantRows: () => library.plantRows(MISTYPED),
    withCoder: () => library.withCoder(model, MISTYPED),
    sweep: () => library.sweep(source, swept, MISTYPED),
    sweepColumns: () => library.sweepColumns(columns, swept, MISTYPED),
    runPipeline: () => pipelines.runPipeline(out, MISTYPED),
    schedulePipeline: () => pipelines.schedulePipeline(out, MISTYPED),
    pipelineStatus: () => pipelines.pipelineStatus(out, MISTYPED),
    pipelineHistory: () => pipelines.pipelineHistory(out, MISTYPED),
    rollbackPipeline: () => pipelines.rollbackPipeline(out, MISTYPED),
    releaseDrop: () => pipelines.releaseDrop(out, 1, MISTYPED),
  };
  for (const [verb, call] of Object.entries(calls)) {
    await assert.rejects(async () => await call(), {
      kind: "usage",
      message: /has no option "treads"/,
    }, verb);
  }
  await assert.rejects(Deno.lstat(out), Deno.errors.NotFound);
});
