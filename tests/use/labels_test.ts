import assert from "node:assert/strict";
import { join } from "node:path";
import {
  labelAtoms,
  loadModel,
  rowsFromArray,
  saveModel,
  trainToDirectory,
} from "../../mod.ts";
import { lockLabels } from "../../src/labels/file.ts";
import { labelStore } from "../../src/use/label_store.ts";
import { assertDocument } from "../cli/documents.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";

const ROWS = Float32Array.from(
  { length: 300 * 6 },
  (_, i) => Math.sin(i * i * 0.7),
);

async function trainInto(out: string, seed = 0, notices: string[] = []) {
  await trainToDirectory(
    rowsFromArray(ROWS, 6),
    { atoms: 8, sparsity: 2, seed },
    { out, overwrite: true },
    { device: "cpu", onNotice: (notice) => notices.push(notice) },
  );
  return notices.filter((notice) => notice.startsWith("Labels"));
}

async function lostIn(out: string) {
  const text = await Deno.readTextFile(join(out, "labels.lost.json"));
  const lost = JSON.parse(text);
  assertDocument("labels-lost", lost);
  return lost;
}

Deno.test("names survive the same training run again", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await labelAtoms(out, { "3": "waves", "5": "tides" });
  assert.deepEqual(await trainInto(out), ["Labels: 2 names kept"]);
  const { model } = await loadModel(out);
  assert.deepEqual(model.labels, { "3": "waves", "5": "tides" });
});

Deno.test("names whose atoms another training did not find again are kept in labels.lost.json, every time", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  // Atoms of another dictionary altogether.
  const loaded = await loadModel(out);
  const { model } = loaded;
  const foreign = model.dictionary.map((_, i) => i % 6 === 0 ? 1 : 0);
  for (const name of ["first", "second"]) {
    await saveModel(
      out,
      { ...model, dictionary: foreign, labels: { "1": name } },
      loaded.config,
      [],
      await Deno.readTextFile(join(out, "labels.lost.json")).then(
        (text) => ({ "labels.lost.json": text }),
        () => ({}),
      ),
    );
    const notices = await trainInto(out, 1);
    assert.match(notices.join(), /1 without a successor.*labels\.lost\.json/);
  }
  const names = (await lostIn(out)).map(({ entry }: { entry: string }) =>
    entry
  );
  assert.deepEqual(names, ["first", "second"]);
});

Deno.test("names that cannot be read are kept as text", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await Deno.writeTextFile(join(out, "labels.json"), '{"1": "rain",}');
  const notices = await trainInto(out);
  assert.match(notices.join(), /cannot be matched/);
  assert.deepEqual(await lostIn(out), [{ text: '{"1": "rain",}' }]);
  assert.equal((await loadModel(out)).model.labels, undefined);
});

Deno.test("labelAtoms() refuses names that cannot be shown, and changes nothing then", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await labelAtoms(out, { "3": "waves" });
  await assert.rejects(labelAtoms(out, { "3": "a\u001b[2J" }), {
    kind: "usage",
    message: /Atom 3 cannot have that label, it has control characters/,
  });
  await assert.rejects(labelAtoms(out, { "8": "x" }), /There is no atom 8/);
  assert.deepEqual((await loadModel(out)).model.labels, { "3": "waves" });
  assert.deepEqual(await labelAtoms(out, { "3": "" }), {});
});

Deno.test("of several that name atoms at the same time none undoes another's names", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  const atoms = Array.from({ length: 8 }, (_, atom) => `${atom}`);
  const store = await labelStore(out);
  await Promise.all(
    atoms.map((atom, i) =>
      i % 2 === 0
        ? labelAtoms(out, { [atom]: `name ${atom}` })
        : store.change({ [atom]: `name ${atom}` }, "hand")
    ),
  );
  const { model } = await loadModel(out);
  assert.deepEqual(Object.keys(model.labels!), atoms);
});

Deno.test("names of a page are not given to the atoms of a dictionary that took its place", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await labelAtoms(out, { "3": "waves" });
  const store = await labelStore(out);
  await saveModel(out, makeModel({ width: 4, atoms: 8 }), CONFIG, []);
  const { labels, version } = await store.read();
  assert.deepEqual(labels, { "3": "waves" });
  assert.notEqual(version, (await (await labelStore(out)).read()).version);
  await assert.rejects(store.change({ "3": "hills" }, "hand"), {
    kind: "run",
    message: /Another dictionary took the place/,
  });
  assert.deepEqual((await loadModel(out)).model.labels, undefined);
});

Deno.test("a name that waits for a directory is not given to the one that takes its place", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  const held = await lockLabels(out);
  const naming = labelAtoms(out, { "3": "waves" });
  const refused = assert.rejects(naming, { kind: "run", message: /meanwhile/ });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await saveModel(out, makeModel({ width: 4, atoms: 8 }), CONFIG, []);
  held?.close();
  await refused;
  assert.deepEqual((await loadModel(out)).model.labels, undefined);
});

Deno.test("a name that is given while a training puts its model in place is kept or refused", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await labelAtoms(out, { "3": "waves" });
  let naming: Promise<unknown> | undefined;
  await trainToDirectory(
    rowsFromArray(ROWS, 6),
    { atoms: 8, sparsity: 2 },
    { out, overwrite: true },
    {
      device: "cpu",
      onNotice(notice) {
        if (!notice.startsWith("Labels")) return;
        naming = labelAtoms(out, { "5": "tides" }).catch(String);
      },
    },
  );
  const answer = await naming;
  const { labels = {} } = (await loadModel(out)).model;
  assert(typeof answer !== "string" || /meanwhile/.test(answer), `${answer}`);
  assert.equal("5" in labels, typeof answer !== "string");
});

Deno.test("a name that an editor writes while a training writes its model is kept", async () => {
  const out = join(await Deno.makeTempDir(), "model");
  await trainInto(out);
  await labelAtoms(out, { "3": "waves" });
  const labels = join(out, "labels.json");
  let saved = false;
  await trainToDirectory(
    rowsFromArray(ROWS, 6),
    { atoms: 8, sparsity: 2 },
    { out },
    {
      device: "cpu",
      onNotice(notice) {
        if (saved || !notice.startsWith("Labels")) return;
        saved = true;
        Deno.writeTextFileSync(labels, '{"3": "tides", "5": "foam"}');
      },
    },
  );
  const { model } = await loadModel(out);
  assert.deepEqual(model.labels, { "3": "tides", "5": "foam" });
  const metrics = await Deno.readTextFile(join(out, "metrics.jsonl"));
  assert(metrics.trim().split("\n").length > 1);
});

Deno.test("labelAtoms() merges names into a model's directory", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "model");
    await saveModel(path, makeModel({ width: 4, atoms: 6 }), CONFIG, []);
    await labelAtoms(path, { "1": "birds", "3": "rain" });
    const all = await labelAtoms(path, { "3": "", "0": "seas" });
    assert.deepEqual(all, { "0": "seas", "1": "birds" });
    assert.deepEqual((await loadModel(path)).model.labels, all);
    await assert.rejects(labelAtoms(path, { "6": "x" }), /no atom 6/);
    assert.deepEqual((await loadModel(path)).model.labels, all);
  });
});
