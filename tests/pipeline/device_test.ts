import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import { loadModel } from "../../src/model/directory.ts";
import type { PipelineConfig } from "../../src/pipeline/config.ts";
import { withCard } from "../gpu/fake_card.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(1);

/** An engine that only says that it is a card's. */
async function createEngine(spec: EngineSpec) {
  const engine = await createReferenceEngine(spec);
  const info = { ...engine.info, kind: "gpu" as const };
  return Object.assign(engine, { info });
}

// One on a card that has no room for codes of training steps.
async function runOf(change: Partial<PipelineConfig>) {
  const pipeline = await TestPipeline.create(change);
  writeDrop(pipeline.input("a.parquet"), data.drop(0, 600));
  const notices: string[] = [];
  const log = ({ notice }: Record<string, unknown>) => {
    if (notice !== undefined) notices.push(String(notice));
  };
  const run = () =>
    withCard(
      { binding: 8192 },
      () => pipeline.run({ createEngine, log }),
    );
  return { pipeline, notices, run };
}

const train = { atoms: 32, sparsity: 3, passes: 2 };
const exports = [
  { format: "dictionary-learning-batchtopk", steps: 5 } as const,
];

Deno.test("a pipeline leaves what its GPU has no room for to the processor, trainings and exports, and says so", async () => {
  const { pipeline, notices, run } = await runOf({
    train: { ...train, decoderSteps: 5 },
    exports,
  });
  await using _ = pipeline;
  assert.equal((await run()).outcome, "promoted");
  const said = notices.filter((notice) => /: the processor/.test(notice));
  assert.equal(said.length, 2);
  const { config } = await loadModel(pipeline.root("current"));
  const kinds = [config.device.kind, config.decoder!.device.kind];
  assert.deepEqual(kinds, ["gpu", "cpu"]);
});

Deno.test("a pipeline whose configuration asks for a GPU does not leave its trainings or exports to the processor", async () => {
  const gpu = { ...train, device: "gpu" as const };
  for (
    const change of [{ train: { ...gpu, decoderSteps: 5 } }, {
      train: gpu,
      exports,
    }]
  ) {
    const { pipeline, run } = await runOf(change);
    await using _ = pipeline;
    await assert.rejects(run(), /codes and lists: use --device cpu/);
  }
});
