import { GpuTrainer } from "../../../src/autoencoder/gpu/trainer.ts";
import type { AutoencoderSpec } from "../../../src/autoencoder/layout.ts";
import { AutoencoderTrainer } from "../../../src/autoencoder/trainer.ts";
import { tuningFor } from "../../../src/engine/gpu/tuning.ts";
import { assertNear, problem, stepped } from "../../autoencoder/steps.ts";
import { assertEnginesAgree } from "../../gpu/agreement.ts";
import { plantedProblem } from "../../gpu/planted.ts";

// What real cards run, on whatever adapter there is: the limits every driver in use offers.
const LIMITS = {
  binding: 2 ** 27,
  workgroupMemory: 32768,
  workgroupSize: 1024,
  storageBuffers: 32,
  memory: 4e9,
};

for (const name of ["NVIDIA H100", "some other card"]) {
  for (const method of ["omp", "mp"] as const) {
    Deno.test(`the GPU engine tuned for ${name} agrees with the CPU engine by ${method}`, async () => {
      const card = { name, vendor: "", architecture: "", software: false };
      const tuning = tuningFor(card, LIMITS);
      const problem = plantedProblem({
        atoms: 700,
        width: 53,
        coder: { method },
      });
      await assertEnginesAgree(problem, { tuning }, { ridge: 0.5 });
    });
  }

  Deno.test(`the GPU's training of autoencoders tuned for ${name} takes the processor's steps`, async () => {
    const card = { name, vendor: "", architecture: "", software: false };
    const size = { width: 53, latents: 701, batch: 201, sparsity: 9 };
    const given = problem(size.latents, size.width, size.batch);
    const spec: AutoencoderSpec = {
      ...{ ...size, selection: "batch", learnsDecoder: true },
      levels: Uint32Array.from(
        { length: size.latents },
        (_, j) => j < 90 ? 0 : 1,
      ),
    };
    const tuning = tuningFor(card, LIMITS);
    const trainer = await GpuTrainer.create(spec, given.start, { tuning });
    const found = await stepped(trainer, given.batches);
    const processor = new AutoencoderTrainer(spec, given.start);
    const expected = await stepped(processor, given.batches);
    assertNear(found.encoder, [...expected.encoder]);
    assertNear(found.decoder, [...expected.decoder]);
    assertNear(found.bias, [...expected.bias]);
  });
}
