import assert from "node:assert/strict";
import { join } from "node:path";
import { NameKeeper } from "../../src/explaining/keep_names.ts";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import { labelAtoms } from "../../src/use/labels.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";

const MODEL = makeModel({ width: 4, atoms: 8 });
const name = (atom: number, label: string) => ({
  ...{ latent: 2 * atom, atom, sign: "+" as const, uses: 50, shown: 9, label },
});

Deno.test("names are saved beside those that came meanwhile, never in place of one by hand", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = await NameKeeper.of(directory, MODEL.atoms, "namer");
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
    const keeper = await NameKeeper.of(directory, MODEL.atoms, "namer");
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
    const keeper = await NameKeeper.of(directory, MODEL.atoms, "namer");
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

Deno.test("names are not given to the atoms of a model that was trained anew meanwhile", async () => {
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    await saveModel(directory, MODEL, CONFIG, []);
    const keeper = await NameKeeper.of(directory, MODEL.atoms, "namer");
    await keeper.add(name(1, "one"));
    const dictionary = MODEL.dictionary.map((value) => -value);
    await saveModel(directory, { ...MODEL, dictionary }, CONFIG, []);
    await assert.rejects(keeper.save(), /trained anew meanwhile/);
    assert.equal((await loadModel(directory)).model.labels, undefined);
  });
});
