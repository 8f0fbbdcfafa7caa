import assert from "node:assert/strict";
import { join } from "node:path";
import { inspect } from "../../src/inspection/inspect.ts";
import type { InspectOptions } from "../../src/inspection/options.ts";
import {
  forget,
  keep,
  keptPlace,
  keyOf,
  readKept,
  readKeptLogits,
} from "../../src/inspection/kept.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { makeModel } from "../model/models.ts";

const WIDTH = 6;
const rowsOf = (shift = 0) =>
  rowsFromArray(
    Float32Array.from(
      { length: 50 * WIDTH },
      (_, i) => Math.sin(i * i + shift),
    ),
    WIDTH,
  );
const model = makeModel({ width: WIDTH, atoms: 9 });
// The dictionary as an autoencoder's decoder, with an encoder beside it.
const withEncoder = (shift: number): typeof model => ({
  ...model,
  autoencoder: {
    ...{ format: "SAELens", width: WIDTH, atoms: 9, mean: model.mean },
    ...{ dictionary: model.dictionary, activation: { kind: "topk", k: 2 } },
    ...{ centresInput: true, scalesByLength: false, metadata: {} },
    encoder: model.dictionary.map((value) => value + shift),
    encoderBias: new Float32Array(9),
  },
});
const OPTIONS: InspectOptions = { device: "cpu", topRows: 4, name: "kept" };

async function keyFor(
  changes: {
    model?: typeof model;
    source?: ReturnType<typeof rowsOf>;
    options?: InspectOptions;
    codes?: unknown;
  } = {},
): Promise<string> {
  const key = await keyOf(
    changes.model ?? model,
    changes.source ?? rowsOf(),
    { ...OPTIONS, ...changes.options },
    changes.codes,
  );
  assert(key !== undefined);
  return key;
}

Deno.test("what is kept of an inspection is the inspection, with the names that the model has by then", async () => {
  await inDirectory(async (folder) => {
    const place = join(folder, "inspection.sqlite");
    const key = await keyFor();
    const inspection = await inspect(model, rowsOf(), OPTIONS);
    assert.equal(await readKept(place, key, model), undefined);
    await keep(place, key, inspection);
    assert.deepEqual(await namesIn(folder), ["inspection.sqlite"]);
    const plain = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value, (_, inner) =>
          ArrayBuffer.isView(inner)
            ? [inner.constructor.name, ...inner as unknown as number[]]
            : inner),
      );
    assert.deepEqual(
      plain(await readKept(place, key, model)),
      plain(inspection),
    );
    const named = { ...model, labels: { "3": "waves" } };
    const again = (await readKept(place, key, named))!;
    assert.deepEqual(again.table.labels, { "3": "waves" });
  });
});

Deno.test("an inspection is made again where dictionary, coder, rows, options or the way of reading changed", async () => {
  const same = await keyFor();
  assert.equal(await keyFor(), same);
  const dictionary = model.dictionary.slice();
  dictionary[3] += 1e-6;
  const others = [
    await keyFor({ model: { ...model, dictionary } }),
    await keyFor({ model: { ...model, coder: { ...model.coder, refine: 1 } } }),
    await keyFor({ source: rowsOf(1) }),
    await keyFor({ options: { topRows: 5 } }),
    await keyFor({ options: { text: "word" } }),
    await keyFor({
      source: { ...rowsOf(), reading: { skipInvalid: true } },
    }),
    await keyFor({ source: { ...rowsOf(), rowCount: 40 } }),
    await keyFor({ source: { ...rowsOf(), column: "other" } }),
    await keyFor({ codes: { path: "codes.parquet" } }),
    await keyFor({ options: { by: "code" } }),
    await keyFor({ model: withEncoder(0) }),
    await keyFor({ model: withEncoder(1) }),
  ];
  assert.equal(new Set([same, ...others]).size, others.length + 1);
  assert.equal(await keyFor({ options: { by: "activation" } }), same);
});

Deno.test("readKept() looks past a file that is damaged, of another key, or no database", async () => {
  await inDirectory(async (folder) => {
    const place = join(folder, "inspection.sqlite");
    const key = await keyFor();
    await keep(place, key, await inspect(model, rowsOf(), OPTIONS));
    assert.equal(await readKept(place, "another", model), undefined);
    const bytes = await Deno.readFile(place);
    await Deno.writeFile(place, bytes.subarray(0, bytes.length / 2));
    assert.equal(await readKept(place, key, model), undefined);
    await Deno.writeTextFile(place, "no database");
    assert.equal(await readKept(place, key, model), undefined);
    assert.equal(await forget(place), true);
    assert.equal(await forget(place), false);
  });
});

Deno.test("keptPlace() is a model's directory where it can be written, else the user's cache", async () => {
  await inDirectory(async (folder) => {
    // An export may be made again in its place: nothing is put into it.
    await Deno.writeTextFile(join(folder, "dictionary.safetensors"), "");
    assert.match((await keptPlace(folder, "/cache"))!, /^\/cache\/dbksvd\//);
    await Deno.writeTextFile(join(folder, "config.json"), "{}");
    const before = await namesIn(folder);
    assert.equal(
      await keptPlace(folder, "/cache"),
      join(folder, "inspection.sqlite"),
    );
    assert.deepEqual(await namesIn(folder), before, "the trial leaves nothing");
    const place = await keptPlace(join(folder, "none"), "/cache");
    assert.match(place!, /^\/cache\/dbksvd\/[0-9a-f]{32}\.inspection\.sqlite$/);
    assert.equal(await keptPlace(join(folder, "none"), undefined), undefined);
  });
});

Deno.test("logits are kept beside an inspection, whatever its key, with what they follow from", async () => {
  await inDirectory(async (folder) => {
    const place = join(folder, "inspection.sqlite");
    const key = await keyFor();
    const inspection = await inspect(model, rowsOf(), OPTIONS);
    await keep(place, key, inspection);
    assert.equal(readKeptLogits(place), undefined);
    const end = {
      tokens: Uint32Array.from({ length: 9 }, () => 0),
      logits: Float32Array.from({ length: 9 }, (_, atom) => atom),
    };
    const logits = {
      ...{ count: 1, promoted: end, suppressed: end },
      ...{ ids: Uint32Array.of(7), texts: [" rain"] },
      unembedding: { path: "lm", tensor: "lm_head.weight", vocabulary: 9 },
    };
    const kept = { dictionary: "d", from: "u", logits };
    await keep(place, key, { ...inspection, logits }, kept);
    assert.deepEqual(readKeptLogits(place), kept);
    assert.equal((await readKept(place, key, model))!.logits, undefined);
    assert.equal(await readKept(place, "another", model), undefined);
  });
});
