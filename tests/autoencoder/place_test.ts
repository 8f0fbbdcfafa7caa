import assert from "node:assert/strict";
import { createTrainer } from "../../src/autoencoder/create.ts";
import { planTrainer } from "../../src/autoencoder/gpu/plan.ts";
import { type AutoencoderSpec, layOut } from "../../src/autoencoder/layout.ts";
import { placeOfTraining } from "../../src/autoencoder/place.ts";
import { AutoencoderTrainer } from "../../src/autoencoder/trainer.ts";
import { TUNINGS } from "../../src/engine/gpu/tuning.ts";
import { CARD } from "../gpu/cards.ts";
import { withCard } from "../gpu/fake_card.ts";
import { problem, stepped } from "./steps.ts";

const SPEC: AutoencoderSpec = {
  ...{ width: 40, latents: 64, sparsity: 3, batch: 32, selection: "batch" },
  ...{ levels: new Uint32Array(64), learnsDecoder: true },
};

/** Of this, a card has no room for the codes. */
const SMALL = { binding: 1024 } as const;

/** More than the processor can address. */
const HUGE = { ...SPEC, width: 2 ** 14, latents: 2 ** 17 } as const;

const onCpu = { on: "cpu", bytes: layOut(SPEC, 2).bytes } as const;

Deno.test("a training's place is where the work beside it is done, or the processor where a GPU lacks room that was not asked for by name", async () => {
  const choice = { beside: "gpu", threads: 2 } as const;
  const place = (device?: "auto" | "gpu") =>
    placeOfTraining(SPEC, { ...choice, device });
  await withCard({}, async () => {
    const { needed } = planTrainer(SPEC, CARD, TUNINGS.other);
    assert.deepEqual(await place("gpu"), { on: "gpu", bytes: needed });
    assert.deepEqual(await place(), { on: "gpu", bytes: needed });
  });
  await withCard(SMALL, async () => {
    for (const device of ["auto", undefined] as const) {
      const { problem, ...rest } = await place(device);
      assert.deepEqual(rest, onCpu);
      assert.match(problem!, /^One buffer may hold .* for codes and lists$/);
    }
    await assert.rejects(place("gpu"), /codes and lists: use --device cpu/);
    const beside = { beside: "cpu", threads: 2 } as const;
    assert.deepEqual(await placeOfTraining(SPEC, beside), onCpu);
  });
});

Deno.test("a training that neither has room for is refused, whatever does the work beside it", async () => {
  await withCard(SMALL, async () => {
    for (const beside of ["gpu", "cpu"] as const) {
      await assert.rejects(
        placeOfTraining({ ...HUGE, levels: new Uint32Array(HUGE.latents) }, {
          beside,
        }),
        /^DbksvdError: Training an autoencoder takes \d+ GiB here: keep the atoms/,
      );
    }
  });
});

Deno.test("createTrainer() trains on the processor where a GPU turns out to lack what it takes, if that may be", async () => {
  // More rows than a software driver counts through.
  const spec = {
    ...{ ...SPEC, width: 4, latents: 8, batch: 70000 },
    levels: new Uint32Array(8),
  };
  const { start, batches } = problem(8, 4, 50);
  await assert.rejects(
    createTrainer(spec, start, { device: "gpu" }),
    /cuts loops off/,
  );
  const problems: string[] = [];
  const trainer = await createTrainer(spec, start, {
    ...{ device: "gpu", threads: 1 },
    onGpuLacking: (problem) => problems.push(problem),
  });
  assert.equal(problems.length, 1);
  assert.match(problems[0], /^This software driver cuts loops off/);
  assert.deepEqual(
    await stepped(trainer, batches),
    await stepped(new AutoencoderTrainer(spec, start), batches),
  );
});

Deno.test("createTrainer() says nothing of the processor where that lacks memory as well", async () => {
  const spec = { ...HUGE, levels: new Uint32Array(HUGE.latents) };
  const none = new Float32Array(0);
  const problems: string[] = [];
  await assert.rejects(
    createTrainer(spec, { encoder: none, decoder: none, bias: none }, {
      device: "gpu",
      onGpuLacking: (problem) => problems.push(problem),
    }),
    /Training an autoencoder takes \d+ GiB here/,
  );
  assert.deepEqual(problems, []);
});
