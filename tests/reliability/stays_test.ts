// What somebody puts into a model directory stays there when the model is replaced.
import assert from "node:assert/strict";
import { join } from "node:path";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import type { TrainOutput } from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { stopAfter } from "./resuming.ts";
import { SMALL, smallSource } from "./runs.ts";

const MODEL = ["config.json", "dictionary.safetensors", "metrics.jsonl"];

async function train(output: TrainOutput) {
  await trainToDirectory(smallSource(), SMALL, output, { device: "cpu" });
}

async function addTo(folder: string) {
  await Deno.mkdir(join(folder, "plots"), { recursive: true });
  await Deno.writeTextFile(join(folder, "plots", "a.txt"), "a plot");
  await Deno.writeTextFile(join(folder, "notes.md"), "a note");
  // The tool's own, of the model that is there.
  await Deno.writeTextFile(join(folder, "probe.json"), "{}");
  for (
    const name of [
      ...["labels.suggested.json", "drift.json", "inspection.sqlite-wal"],
      ".nfs00000000000a1b2c00000001",
    ]
  ) await Deno.writeTextFile(join(folder, name), "{}");
}

async function assertKept(out: string) {
  assert.deepEqual((await namesIn(out)).sort(), [
    ...MODEL,
    "notes.md",
    "plots",
  ]);
  assert.equal(await Deno.readTextFile(join(out, "notes.md")), "a note");
  assert.equal(await Deno.readTextFile(join(out, "plots/a.txt")), "a plot");
}

Deno.test("trainToDirectory() leaves what is no part of the model where it is, retrained, resumed or overwritten", () =>
  inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(2, { out });
    await addTo(out);
    await train({ out, resume: true });
    await assertKept(out);
    await addTo(out);
    await train({ out });
    await assertKept(out);
    await addTo(out);
    await train({ out, overwrite: true });
    await assertKept(out);
    assert.deepEqual(await namesIn(directory), ["model"]);
  }));

Deno.test("trainToDirectory() brings over what a killed replacement left behind", () =>
  inDirectory(async (directory) => {
    const out = join(directory, "model");
    await train({ out });
    const previous = join(directory, ".model.previous");
    await addTo(previous);
    await Deno.writeTextFile(join(previous, "notes.md"), "an older note");
    await Deno.writeTextFile(join(out, "notes.md"), "a note");
    await train({ out, resume: true });
    await assertKept(out);
    assert.deepEqual(await namesIn(directory), ["model"]);
  }));

Deno.test("trainToDirectory() replaces a directory of something else as a whole, with overwrite", () =>
  inDirectory(async (directory) => {
    const out = join(directory, "model");
    await addTo(out);
    await assert.rejects(train({ out }), /holds something else/);
    await train({ out, overwrite: true });
    assert.deepEqual((await namesIn(out)).sort(), MODEL);
  }));
