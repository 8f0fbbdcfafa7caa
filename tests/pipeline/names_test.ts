import assert from "node:assert/strict";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import { rollbackPipeline } from "../../src/pipeline/by_hand.ts";
import { followNames } from "../../src/pipeline/names.ts";
import { suggestNames } from "../../src/probing/suggest_labels.ts";
import { lockLabels, type LostLabel } from "../../src/labels/file.ts";
import { labelsIn } from "../../src/labels/label.ts";
import { placesIn } from "../../src/pipeline/places.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { linkCurrent } from "../../src/pipeline/versions.ts";
import { changeNames, labelAtoms, modelPlace } from "../../src/use/labels.ts";
import { NamedDictionary } from "../../src/use/named_dictionary.ts";
import { DriftingData, TestPipeline, writeDrop } from "./drops.ts";

const data = new DriftingData(3);

async function night(pipeline: TestPipeline, day: number) {
  writeDrop(pipeline.input(`${day}.parquet`), data.drop(day, 1000));
  const run = await pipeline.run();
  assert.equal(run.outcome, "promoted");
  return run;
}

/** A pipeline's root with two versions of the same atoms. */
async function twoVersions(root: string) {
  const places = placesIn(root);
  const model = makeModel({ width: 6, atoms: 4 });
  await Deno.mkdir(places.versions, { recursive: true });
  for (const version of ["v000001", "v000002"]) {
    await saveModel(`${places.versions}/${version}`, model, CONFIG, []);
  }
  return { places, model };
}

const json = async (path: string) => JSON.parse(await Deno.readTextFile(path));

Deno.test("names given to a pipeline's atoms live in its root, and every later version has them", async () => {
  await using pipeline = await TestPipeline.create();
  await night(pipeline, 0);
  await labelAtoms(pipeline.root("current"), { "3": "waves", "5": "tides" });
  assert.deepEqual(await json(pipeline.root("labels.json")), {
    "3": "waves",
    "5": "tides",
  });
  await night(pipeline, 1);
  const { model } = await loadModel(pipeline.root("current"));
  const names = Object.values(model.labels ?? {});
  const lost = await json(pipeline.root("labels.lost.json"))
    .catch(() => []) as { entry: string }[];
  // Atoms may have moved too far in a night, but no name is gone.
  assert.deepEqual(
    [...names, ...lost.map(({ entry }) => entry)].sort(),
    ["tides", "waves"],
  );
  assert(names.length > 0);
  assert.deepEqual(await json(pipeline.root("labels.json")), model.labels);
});

Deno.test("names that a probe gives the current version are the pipeline's, also where another one became current meanwhile", async () => {
  await using pipeline = await TestPipeline.create();
  await night(pipeline, 0);
  const current = pipeline.root("current");
  const fit = { precision: 1, recall: 1, f1: 1, density: 0.1 };
  const about = { label: "topic", class: "rain", model: "model" };
  const suggest = (named: NamedDictionary, atom: number, name: string) =>
    suggestNames(
      named,
      [{ ...fit, ...about, class: name, atom, sign: "+" }],
      true,
    );
  const named = await NamedDictionary.open(current);
  await suggest(named, 2, "rain");
  const { label, source } = [(await json(pipeline.root("labels.json")))["2"]]
    .flat()[0];
  assert.deepEqual([label, source], ["rain", "probe"]);
  await night(pipeline, 1);
  await suggest(named, 3, "snow");
  assert.equal(named.model.labels, undefined);
  const { model: { labels = {} } } = await loadModel(current);
  assert.deepEqual(await json(pipeline.root("labels.json")), labels);
  // Atoms may have moved too far in a night, but no name is gone.
  const lost: LostLabel[] = await json(pipeline.root("labels.lost.json"))
    .catch(() => []);
  const entries = [...Object.values(labels), ...lost.map((one) => one.entry)];
  assert.deepEqual(
    entries.flatMap(labelsIn).map((one) => one.label).sort(),
    ["rain", "snow"],
  );
});

Deno.test("names written into the root by hand reach the current version with the next run, a slip of the pen stops nothing", async () => {
  await using pipeline = await TestPipeline.create();
  await night(pipeline, 0);
  const file = pipeline.root("labels.json");
  await Deno.writeTextFile(file, '{"7": "storms"}');
  assert.equal((await pipeline.run()).outcome, "nothing");
  const { model } = await loadModel(pipeline.root("current"));
  assert.deepEqual(model.labels, { "7": "storms" });
  await Deno.writeTextFile(file, '{"7": "storms",}');
  assert.equal((await pipeline.run()).outcome, "nothing");
  assert.equal(await Deno.readTextFile(file), '{"7": "storms",}');
});

Deno.test("names follow a rollback to the older version's atoms", async () => {
  await using pipeline = await TestPipeline.create();
  const first = await night(pipeline, 0);
  await night(pipeline, 1);
  const { model: newer } = await loadModel(pipeline.root("current"));
  const { model: older } = await loadModel(
    pipeline.root("versions", first.version!),
  );
  // An atom that hardly moved.
  const cosine = (atom: number) => {
    let sum = 0;
    for (let i = atom * 16; i < (atom + 1) * 16; i++) {
      sum += newer.dictionary[i] * older.dictionary[i];
    }
    return sum;
  };
  const atom = Array.from({ length: 32 }, (_, j) => j)
    .reduce((a, b) => cosine(a) >= cosine(b) ? a : b);
  await labelAtoms(pipeline.root("current"), { [atom]: "harbours" });
  const notices: string[] = [];
  await rollbackPipeline(pipeline.config, {
    base: pipeline.folder,
    onNotice: (notice) => notices.push(notice),
  });
  assert.match(notices.join(), /1 name kept/);
  const { model } = await loadModel(pipeline.root("current"));
  assert.deepEqual(model.labels, { [atom]: "harbours" });
  assert.deepEqual(await json(pipeline.root("labels.json")), model.labels);
});

Deno.test("names that an editor writes while another version becomes current go along", async () => {
  await inDirectory(async (root) => {
    const { places } = await twoVersions(root);
    const file = `${root}/labels.json`;
    await Deno.writeTextFile(file, '{"0": "waves"}');
    let edited = false;
    await followNames(places, "v000002", "v000001", () => {
      if (edited) return;
      Deno.writeTextFileSync(file, '{"0": "waves", "2": "hills"}');
      edited = true;
    });
    assert(edited);
    assert.deepEqual(await json(file), { "0": "waves", "2": "hills" });
  });
});

Deno.test("a name given just as another version becomes current goes along, or is refused", async () => {
  await inDirectory(async (root) => {
    const { places } = await twoVersions(root);
    await Deno.writeTextFile(`${root}/pipeline.sqlite`, "");
    await linkCurrent(places, "v000001");
    await labelAtoms(places.current, { "0": "waves" });
    // Somebody is at the names: the switch waits for what they write.
    const held = await lockLabels(`${places.versions}/v000001`);
    const given = labelAtoms(places.current, { "1": "tides" });
    const switched = linkCurrent(places, "v000002");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await Deno.readLink(places.current), "versions/v000001");
    held!.close();
    const [name] = await Promise.allSettled([given, switched]);
    const names = await json(`${root}/labels.json`);
    if (name.status === "fulfilled") {
      assert.deepEqual(names, { "0": "waves", "1": "tides" });
    } else {
      assert.match(name.reason.message, /Another version became current/);
      assert.deepEqual(names, { "0": "waves" });
    }
    const { model: now } = await loadModel(places.current);
    assert.deepEqual(now.labels, names);
  });
});

Deno.test("a name that waited for another version to become current is not given to an atom of either", async () => {
  await inDirectory(async (root) => {
    const { places, model } = await twoVersions(root);
    await Deno.symlink("versions/v000001", places.current);
    const place = await modelPlace(places.current);
    await Deno.remove(places.current);
    await Deno.symlink("versions/v000002", places.current);
    const change = () => ({ "1": "tides" });
    await assert.rejects(
      changeNames(places.current, model, change, place),
      /Another version became current/,
    );
    for (const version of ["v000001", "v000002"]) {
      const { model: kept } = await loadModel(`${places.versions}/${version}`);
      assert.equal(kept.labels, undefined);
    }
  });
});

Deno.test("followNames() gives the root the names of the version that becomes current, and does nothing when done again", async () => {
  await inDirectory(async (root) => {
    const places = placesIn(root);
    const model = makeModel({ width: 6, atoms: 4 });
    const turned = model.dictionary.slice();
    // Atoms 0 and 1 change places; atom 2 becomes another one.
    turned.set(model.dictionary.subarray(0, 6), 6);
    turned.set(model.dictionary.subarray(6, 12), 0);
    turned.set(model.dictionary.subarray(18, 24), 12);
    const versions = { v000001: model.dictionary, v000002: turned };
    for (const [version, dictionary] of Object.entries(versions)) {
      const folder = `${places.versions}/${version}`;
      await Deno.mkdir(places.versions, { recursive: true });
      await saveModel(folder, { ...model, dictionary }, CONFIG, []);
    }
    const names = { "0": "waves", "2": "storms" };
    await Deno.writeTextFile(`${root}/labels.json`, JSON.stringify(names));
    for (let time = 0; time < 2; time++) {
      await followNames(places, "v000002", "v000001");
      assert.deepEqual(await json(`${root}/labels.json`), { "1": "waves" });
      const lost = await json(`${root}/labels.lost.json`);
      assert.deepEqual(
        lost.map(({ entry }: { entry: string }) => entry),
        ["storms"],
      );
      const { model: now } = await loadModel(`${places.versions}/v000002`);
      assert.deepEqual(now.labels, { "1": "waves" });
    }
  });
});
