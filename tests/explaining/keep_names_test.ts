import assert from "node:assert/strict";
import { join } from "node:path";
import { NameKeeper } from "../../src/explaining/keep_names.ts";
import type { LostLabel } from "../../src/labels/file.ts";
import {
  type AtomLabel,
  labelText,
  labelTexts,
} from "../../src/labels/label.ts";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import { placesIn, versionFolder } from "../../src/pipeline/places.ts";
import { linkCurrent } from "../../src/pipeline/versions.ts";
import { labelAtoms } from "../../src/use/labels.ts";
import { NamedDictionary } from "../../src/use/named_dictionary.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";

const MODEL = makeModel({ width: 4, atoms: 8 });
const json = async (path: string) => JSON.parse(await Deno.readTextFile(path));
const name = (atom: number, label: string) => ({
  ...{ latent: 2 * atom, atom, sign: "+" as const, uses: 50, shown: 9, label },
});

Deno.test("names are saved beside those that came meanwhile, never in place of one by hand", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = new NameKeeper(
      await NamedDictionary.open(directory),
      "namer",
    );
    await keeper.add(name(1, "one"));
    await keeper.add(name(2, "two"));
    await labelAtoms(directory, { "2": "by hand", "3": "another" });
    await keeper.save();
    const { labels } = (await loadModel(directory)).model;
    assert.deepEqual(Object.keys(labels!), ["1", "2", "3"]);
    assert.deepEqual([labels![2], labels![3]], ["by hand", "another"]);
    assert.equal((labels![1] as { label: string }).label, "one");
    assert.equal(keeper.saved, 2);
  });
});

Deno.test("names that come while others are written are saved the next time", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = new NameKeeper(
      await NamedDictionary.open(directory),
      "namer",
    );
    await keeper.add(name(1, "one"));
    const saving = keeper.save();
    // The first steps of saving are over by then, and its last one is not.
    for (let atom = 2; atom < MODEL.atoms; atom++) {
      await Deno.stat(directory);
      await keeper.add(name(atom, `name ${atom}`));
    }
    await saving;
    await keeper.save();
    const { labels } = (await loadModel(directory)).model;
    assert.deepEqual(Object.keys(labels!), ["1", "2", "3", "4", "5", "6", "7"]);
    assert.equal(keeper.saved, 7);
  });
});

Deno.test("names that could not be saved are saved the next time", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = new NameKeeper(
      await NamedDictionary.open(directory),
      "namer",
    );
    await keeper.add(name(1, "one"));
    const file = join(directory, "labels.json");
    await Deno.writeTextFile(file, "{");
    await assert.rejects(keeper.save(), /Not a valid labels file/);
    await Deno.writeTextFile(file, '{"3": "another"}');
    await keeper.save();
    const { labels } = (await loadModel(directory)).model;
    assert.deepEqual(Object.keys(labels!), ["1", "3"]);
    assert.equal(keeper.saved, 1);
  });
});

/** The dictionary with its atoms in another order: those of these indices. */
function reordered(from: readonly number[]): Float32Array {
  const { width, dictionary } = MODEL;
  return Float32Array.from(
    dictionary,
    (_, i) => dictionary[width * from[Math.floor(i / width)] + i % width],
  );
}

Deno.test("names go along to the dictionary of a training that took the named one's place meanwhile", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = new NameKeeper(
      await NamedDictionary.open(directory),
      "namer",
    );
    await keeper.add(name(1, "one"));
    assert.equal(keeper.named.notice, undefined);
    const dictionary = reordered([1, 0, 2, 3, 4, 5, 6, 7])
      .map((value) => -value);
    await saveModel(directory, { ...MODEL, dictionary }, CONFIG, []);
    await keeper.save();
    const { labels } = (await loadModel(directory)).model;
    const { label, sign } = labels![0] as AtomLabel;
    assert.deepEqual([Object.keys(labels!), label, sign], [["0"], "one", "-"]);
    assert.match(keeper.named.notice!, /took this one's place.*1 name kept/);
  });
});

Deno.test("names go along where a training takes the named one's place just as they were written", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const named = await NamedDictionary.open(directory);
    const dictionary = reordered([1, 0, 2, 3, 4, 5, 6, 7]);
    const { rename } = Deno;
    Deno.rename = async (from, to) => {
      await rename(from, to);
      if (!String(to).endsWith("labels.json")) return;
      Deno.rename = rename;
      await saveModel(directory, { ...MODEL, dictionary }, CONFIG, []);
    };
    try {
      await named.add({ "1": "one" });
    } finally {
      Deno.rename = rename;
    }
    const { labels } = (await loadModel(directory)).model;
    assert.deepEqual(labels, { "0": "one" });
  });
});

Deno.test("names of a pipeline's atoms that come after another version became current are those of its atoms", async () => {
  await inDirectory(async (root) => {
    const places = placesIn(root);
    await Deno.mkdir(places.versions, { recursive: true });
    await Deno.writeTextFile(places.database, "");
    // Atoms 1 and 2 change places, atom 3 is given up.
    const versions = {
      v000001: MODEL.dictionary,
      v000002: reordered([0, 2, 1, 4, 4, 5, 6, 7]),
    };
    for (const [version, dictionary] of Object.entries(versions)) {
      const place = versionFolder(places, version);
      await saveModel(place, { ...MODEL, dictionary }, CONFIG, []);
    }
    await linkCurrent(places, "v000001");
    const named = await NamedDictionary.open(versionFolder(places, "v000001"));
    const keeper = new NameKeeper(named, "namer");
    await keeper.add(name(1, "one"));
    await keeper.add(name(6, "six"));
    await keeper.save();
    await linkCurrent(places, "v000002");
    await labelAtoms(places.current, { "5": "by hand" });
    await keeper.add(name(2, "two"));
    await keeper.add(name(3, "three"));
    await keeper.add(name(5, "five"));
    await keeper.save();
    const expected = {
      ...{ "1": "two (+)", "2": "one (+)", "5": "by hand", "6": "six (+)" },
    };
    const lost = await json(join(root, "labels.lost.json"));
    assert.deepEqual(
      labelTexts(await json(join(root, "labels.json"))),
      expected,
    );
    assert.deepEqual(
      lost.map(({ atom, entry }: LostLabel) => [atom, labelText(entry)]),
      [[3, "three (+)"]],
    );
    assert.match(
      keeper.named.notice!,
      /1 without a successor \(3\), written to .*labels.lost.json/,
    );
    await linkCurrent(places, "v000001");
    const { labels } = (await loadModel(places.current)).model;
    assert.deepEqual(labelTexts(labels!), {
      ...{ "1": "one (+)", "2": "two (+)", "5": "by hand", "6": "six (+)" },
    });
  });
});
