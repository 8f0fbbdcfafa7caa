import assert from "node:assert/strict";
import { join } from "node:path";
import { inProcessGroup } from "../../src/distributed/in_process.ts";
import type { EngineChoice } from "../../src/coding/coder.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import { loadModel } from "../../src/model/directory.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { plantRows } from "../../src/synthetic/planted.ts";
import { train } from "../../src/use/train.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { withCard } from "../gpu/fake_card.ts";
import { CPU } from "./helpers.ts";

/** Of this, a card has no room for the codes of a step. */
const SMALL = { binding: 8192 } as const;

const { data } = plantRows({ rows: 403, width: 10, atoms: 20, sparsity: 2 });
const source = () => rowsFromArray(data, 10);
const options = { atoms: 20, sparsity: 3, passes: 2, decoderSteps: 20 };

/** Engines that only say that they are a card's, and what they and their training tell, in order. */
function onCard(): { run: EngineChoice; events: string[] } {
  const events: string[] = [];
  const createEngine = async (spec: EngineSpec) => {
    const engine = await createReferenceEngine(spec);
    const { iterate, close } = engine;
    return Object.assign(engine, {
      info: { ...engine.info, kind: "gpu" as const, name: "A card" },
      iterate(...args: Parameters<typeof iterate>) {
        events.push("iterate");
        return iterate.apply(engine, args);
      },
      close() {
        events.push("close");
        return close.apply(engine);
      },
    });
  };
  const onNotice = (notice: string) => events.push(notice);
  return { run: { createEngine, onNotice }, events };
}

const LEFT = /^One buffer .*: the processor trains the autoencoder$/;

Deno.test("decoderSteps on a GPU without room for them are taken by the processor, which is said before the passes and recorded", async () => {
  // Its threshold is calibrated by an engine of its own.
  const shared = { ...options, maxSparsity: 6 };
  const { model: plain } = await train(source(), shared, CPU);
  for (const device of ["auto", undefined] as const) {
    const { run, events } = onCard();
    const { model, config } = await withCard(
      SMALL,
      () => train(source(), shared, { ...run, device }),
    );
    assert.match(events[0], LEFT);
    assert.equal(events[1], "iterate");
    assert.equal(events.filter((event) => LEFT.test(event)).length, 1);
    assert.deepEqual([config.device.kind, config.device.name], [
      "gpu",
      "A card",
    ]);
    assert.equal(config.decoder!.device.kind, "cpu");
    assert.notEqual(config.decoder!.device.name, "A card");
    assert.deepEqual(model, plain);
  }
});

Deno.test("decoderSteps on a GPU without room for them are refused before any pass where that GPU was asked for, and it is closed", async () => {
  const { run, events } = onCard();
  await withCard(SMALL, () =>
    assert.rejects(
      train(source(), options, { ...run, device: "gpu" }),
      /codes and lists: use --device cpu, or keep .* --decoder-steps 0/,
    ));
  assert.deepEqual(events, ["close"]);
});

Deno.test("what takes the decoder's steps is recorded; without steps nothing is, and no room is asked for", async () => {
  const { config } = await train(source(), options, CPU);
  const { kind, name, software } = config.device;
  assert.deepEqual(config.decoder, { device: { kind, name, software } });
  const { run, events } = onCard();
  const without = await withCard(
    SMALL,
    () =>
      train(source(), { ...options, decoderSteps: 0 }, {
        ...run,
        device: "gpu",
      }),
  );
  assert.equal(without.config.decoder, undefined);
  assert.equal(events[0], "iterate");
});

Deno.test("of several processes the first one leaves decoderSteps to its processor, and all record that", async () => {
  const shared = { ...options, shards: 16, sumType: "f64" as const };
  const alone = await train(source(), shared, CPU);
  const cards = [onCard(), onCard()];
  const all = await withCard(
    SMALL,
    () =>
      Promise.all(
        inProcessGroup(2).map((group) =>
          train(source(), shared, { ...cards[group.rank].run, group })
        ),
      ),
  );
  for (const { model, config } of all) {
    assert.deepEqual(model.dictionary, alone.model.dictionary);
    assert.equal(config.decoder!.device.kind, "cpu");
  }
  const said = cards.map(({ events }) =>
    events.filter((event) => LEFT.test(event)).length
  );
  assert.deepEqual(said, [1, 0]);
});

Deno.test("a run that goes on from its checkpoint leaves decoderSteps to the processor again, to the same bytes and record", () =>
  inDirectory((directory) =>
    withCard(SMALL, async () => {
      const straight = join(directory, "straight");
      const out = join(directory, "resumed");
      await trainToDirectory(
        source(),
        options,
        { out: straight },
        onCard().run,
      );
      const stop = new AbortController();
      await assert.rejects(
        trainToDirectory(source(), options, { out }, {
          ...onCard().run,
          signal: stop.signal,
          onProgress: () => stop.abort(new Error("stopped")),
        }),
        /stopped/,
      );
      const { run, events } = onCard();
      const summary = await trainToDirectory(source(), options, {
        out,
        resume: true,
      }, run);
      assert(summary.resumedAt! > 0);
      assert.match(events[0], /^Going on from iteration/);
      assert.match(events[1], LEFT);
      const [a, b] = await Promise.all([straight, out].map(loadModel));
      assert.deepEqual(b.model, a.model);
      assert.equal(b.config.decoder!.device.kind, "cpu");
      assert.deepEqual(b.config.decoder, a.config.decoder);
    })
  ));

Deno.test("a card that turns out to have less room than it says leaves decoderSteps to the processor, which is said after the passes; or fails where it was asked for", async () => {
  // More loops than the driver takes that threads of their own find here.
  const long = {
    ...{ atoms: 512, matryoshka: Array(128).fill(4), sparsity: 128 },
    ...{ init: "gaussian", passes: 1, holdout: 0, decoderSteps: 2 },
  };
  const rows = () =>
    rowsFromArray(
      plantRows({ rows: 60, width: 130, atoms: 150, sparsity: 9 }).data,
      130,
    );
  const on = (run: EngineChoice) =>
    withCard({}, () => train(rows(), long, run));
  const { run, events } = onCard();
  const { model, config } = await on(run);
  const [before, said, ...after] = events.filter((event) => event !== "close");
  assert.equal(before, "iterate");
  assert.match(said, /cuts loops off .*: the processor trains the autoenc/);
  assert.deepEqual(after, []);
  assert.equal(config.decoder!.device.kind, "cpu");
  const plain = await train(rows(), long, CPU);
  assert.deepEqual(model.dictionary, plain.model.dictionary);
  await assert.rejects(on({ ...run, device: "gpu" }), /cuts loops off/);
});
