import assert from "node:assert/strict";
import { join } from "node:path";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { openRows } from "../../src/rows/open.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { describeAtom } from "../../src/inspection/describe.ts";
import { describeRow } from "../../src/inspection/describe_row.ts";
import { searchAtoms } from "../../src/inspection/search.ts";
import type { SparseAutoencoder } from "../../src/model/autoencoder.ts";
import { encodeRows as ownCodes } from "../../src/use/autoencoder_coder.ts";
import { encode, encodeRows } from "../../src/use/encode.ts";
import { inspect } from "../../src/inspection/inspect.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { CPU, smallProblem, writeTexts } from "../use/helpers.ts";

interface Use {
  row: number;
  value: number;
}

/** Every use of every atom, the strongest first. */
async function usesOf(
  model: Parameters<typeof encodeRows>[0],
  source: RowSource,
): Promise<Use[][]> {
  const uses: Use[][] = Array.from({ length: model.atoms }, () => []);
  for await (const { codes, rowNumbers } of encodeRows(model, source, CPU)) {
    codes.indices.forEach((atom, slot) => {
      if (atom === EMPTY_SLOT) return;
      const row = rowNumbers[Math.floor(slot / codes.sparsity)];
      uses[atom].push({ row, value: codes.values[slot] });
    });
  }
  for (const list of uses) {
    list.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.row - b.row);
  }
  return uses;
}

Deno.test("inspect() finds each atom's uses, mean, largest value and top rows in one pass", async () => {
  const { model, source } = smallProblem(20_000);
  const inspection = await inspect(model, source, {
    ...{ ...CPU, by: "code", topRows: 7 },
  });
  assert.deepEqual([inspection.by, inspection.coder], ["code", "OMP, k = 3"]);
  const uses = await usesOf(model, source);
  assert.equal(inspection.rows, 20_000);
  uses.forEach((list, atom) => {
    const about = describeAtom(inspection, atom);
    assert.equal(about.uses, list.length);
    const mean = list.reduce((sum, { value }) => sum + Math.abs(value), 0) /
      list.length;
    assert.ok(Math.abs(about.meanActivation - mean) < 1e-5);
    assert.equal(about.maxActivation, Math.abs(list[0].value));
    assert.deepEqual(
      about.top.map(({ row, value }) => ({ row, value })),
      list.slice(0, 7),
    );
  });
  const { bins, counts, limits } = inspection.table.histograms!;
  uses.forEach((list, atom) => {
    const own = counts.subarray(atom * bins, (atom + 1) * bins);
    assert.equal(own.reduce((a, b) => a + b), list.length);
    const positive = list.filter(({ value }) => value > 0).length;
    const upper = own.subarray(bins / 2).reduce((a, b) => a + b, 0);
    assert.equal(upper, positive);
    assert.ok(limits[atom] > Math.abs(list[0].value));
  });
  const { samples, top, spread } = inspection;
  assert.ok(samples.rows.length <= 2 * (7 + 12) * model.atoms);
  const held = new Set([...top.samples, ...spread.samples]);
  held.delete(EMPTY_SLOT);
  assert.equal(held.size, samples.rows.length);
});

Deno.test("inspect() looks at a dictionary alone, with nearest atoms and labels", async () => {
  const model = makeModel({ width: 12, atoms: 30, labels: { "4": "colours" } });
  const inspection = await inspect(model);
  const { nearest, label, uses, top } = describeAtom(inspection, 4);
  assert.deepEqual([label, uses, top.length], ["colours", 0, 0]);
  assert.equal(nearest.length, 10);
  assert.ok(
    nearest.every(({ similarity }, i) =>
      i === 0 ||
      Math.abs(similarity) <= Math.abs(nearest[i - 1].similarity)
    ),
  );
  assert.equal(inspection.table.coherence[4], Math.abs(nearest[0].similarity));
  assert.throws(() => describeAtom(inspection, 30), /There is no atom 30/);
  assert.deepEqual(searchAtoms(inspection, "COLOUR").map((hit) => hit.atom), [
    4,
  ]);
});

Deno.test("inspect() shows tokens with their neighbours in the text, and finds them", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "tokens.parquet");
    const texts = [["the", " cat", " sat"], ["a", " dog"], [
      " ran",
      " off",
      "!",
    ]];
    await writeTexts(path, texts, 6);
    const source = await openRows(path, { column: "vectors" });
    assert.equal(source.rowCount, 8);
    const model = makeModel({ width: 6, atoms: 9, mean: new Float32Array(6) });
    const options = { ...CPU, text: "tokens", topRows: 8 };
    const inspection = await inspect(model, source, options);
    const { samples } = inspection;
    const cat = samples.texts.indexOf(" cat");
    assert.equal(samples.rows[cat], 1);
    assert.equal(samples.before![cat], "the");
    assert.equal(samples.after![cat], " sat");
    const hits = searchAtoms(inspection, "cat");
    assert.ok(hits.length > 0);
    assert.ok(
      hits.every(({ texts }) => texts.every((text) => text === "cat")),
    );
    const row = await describeRow(model, source, 4, options);
    assert.deepEqual([row.text, row.before, row.after], [" dog", "a", ""]);
    await source.close();
  });
});

Deno.test("describeRow() splits a row into its atoms' contributions", async () => {
  const { model, source } = smallProblem(50);
  const { atoms, residual, row } = await describeRow(model, source, 17, CPU);
  assert.equal(row, 17);
  assert.equal(atoms.length, 3);
  const sum = atoms.reduce((total, atom) => total + atom.contribution!, 0);
  assert.ok(Math.abs(sum + residual! - 1) < 1e-5);
  await assert.rejects(
    describeRow(model, source, 50, CPU),
    /There is no row 50.*rows are 0 to 49/,
  );
});

Deno.test("inspect() shows by activation, where nobody says, what atoms correlate with, and so does a file of these", async () => {
  await inDirectory(async (directory) => {
    const { model, data, source } = smallProblem(500);
    const { width, mean, dictionary } = model;
    const shown = Array.from(
      { length: 500 },
      (_, row) =>
        Array.from({ length: model.atoms }, (_, atom) => {
          let value = 0;
          for (let d = 0; d < width; d++) {
            value += (data[row * width + d] - mean[d]) *
              dictionary[atom * width + d];
          }
          return { row, atom, value };
        }).sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 3),
    );
    const inspection = await inspect(model, source, { ...CPU, topRows: 9 });
    assert.equal(inspection.by, "activation");
    for (let atom = 0; atom < model.atoms; atom++) {
      const uses = shown.flat().filter((use) => use.atom === atom)
        .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const about = describeAtom(inspection, atom);
      assert.equal(about.uses, uses.length);
      assert.deepEqual(
        about.top.map(({ row }) => row),
        uses.slice(0, 9).map(({ row }) => row),
      );
      assert.ok(
        about.top.every(({ value }, i) =>
          Math.abs(value - uses[i].value) < 1e-4
        ),
      );
    }
    assert.ok(inspection.samples.residual.every(Number.isNaN));

    const codes = join(directory, "activations.parquet");
    await encode(model, source, { ...CPU, out: codes, activations: 3 });
    const stored = await inspect(model, source, { codes, topRows: 9 });
    assert.equal(stored.by, "activation");
    assert.equal(stored.coder, inspection.coder);
    assert.deepEqual(stored.top, inspection.top);
    await assert.rejects(
      inspect(model, source, { codes, by: "code" }),
      /The file holds activations, not codes.*without --activations/,
    );

    const row = await describeRow(model, source, 17, {
      ...CPU,
      by: "activation",
    });
    assert.deepEqual(
      row.atoms.map(({ atom }) => atom),
      shown[17].map(({ atom }) => atom),
    );
    assert.deepEqual([row.residual, row.atoms[0].contribution], [
      undefined,
      undefined,
    ]);
  });
});

Deno.test("inspect() shows every latent of an autoencoder whose rows have different numbers of them", async () => {
  const { model, data, source } = smallProblem(200);
  const { width, atoms, dictionary, mean } = model;
  const autoencoder: SparseAutoencoder = {
    ...{ format: "SAELens", width, atoms, dictionary, mean },
    ...{ encoder: dictionary, encoderBias: new Float32Array(atoms) },
    ...{ centresInput: true, scalesByLength: false, metadata: {} },
    activation: {
      kind: "jumprelu",
      threshold: new Float32Array(atoms).fill(1),
    },
  };
  const found = await inspect({ ...model, autoencoder }, source, CPU);
  assert.match(
    found.coder,
    /^the 3 largest of a row by its own encoder \(SAELens jumprelu\)/,
  );
  const codes = ownCodes(autoencoder, data, 200);
  const most = new Map<number, number>();
  for (let row = 0; row < 200; row++) {
    const at = row * codes.sparsity;
    [...codes.values.subarray(at, at + codes.sparsity)]
      .map((value, s) => ({ value, atom: codes.indices[at + s] }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value).slice(0, model.coder.sparsity)
      .forEach(({ atom }) => most.set(atom, (most.get(atom) ?? 0) + 1));
  }
  for (let atom = 0; atom < atoms; atom++) {
    assert.equal(found.table.uses[atom], most.get(atom) ?? 0);
  }
});

Deno.test("inspect() tells an atom's signs apart, and draws rows from all that use each", async () => {
  const { model, source } = smallProblem(3000);
  const inspection = await inspect(model, source, {
    ...{ ...CPU, by: "code", topRows: 5 },
  });
  const uses = await usesOf(model, source);
  uses.forEach((list, atom) => {
    const { sides } = describeAtom(inspection, atom);
    for (const { sign, uses, maxActivation, top, spread } of sides) {
      const own = list.filter(({ value }) => value > 0 === (sign === "+"));
      assert.equal(uses, own.length);
      assert.equal(maxActivation, Math.abs(own[0].value));
      assert.deepEqual(
        top.map(({ row, value }) => ({ row, value })),
        own.slice(0, 5),
      );
      const known = new Map(own.map(({ row, value }) => [row, value]));
      assert.equal(spread.length, Math.min(12, own.length));
      for (const { row, value } of spread) assert.equal(known.get(row), value);
    }
  });
});

Deno.test("inspect() reads codes in place of coding, to the same inspection", async () => {
  await inDirectory(async (directory) => {
    const texts = [["the", " cat", " sat"], ["a", " dog"], [" ran", "!"]];
    const path = join(directory, "tokens.parquet");
    await writeTexts(path, texts, 6);
    const source = await openRows(path, { column: "vectors" });
    const model = makeModel({ width: 6, atoms: 9, mean: new Float32Array(6) });
    const codes = join(directory, "codes.parquet");
    await encode(model, source, { ...CPU, out: codes });
    const options = { ...CPU, text: "tokens" };
    const coded = await inspect(model, source, { ...options, by: "code" });
    assert.deepEqual(
      await inspect(model, source, { ...options, codes }),
      coded,
    );
    const copy = join(directory, "copy.parquet");
    await Deno.copyFile(path, copy);
    await using copied = await openRows(copy, { column: "vectors" });
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    await inspect(model, source, { ...options, codes, onNotice });
    assert.deepEqual(notices, []);
    await inspect(model, copied, { ...options, codes, onNotice });
    assert.match(notices.join(), /codes were made of files of other names/);
    const other = { ...model, dictionary: model.dictionary.map((x) => -x) };
    await assert.rejects(inspect(other, source, { ...options, codes }), {
      kind: "data",
      message: /another dictionary's/,
    });
    await source.close();
  });
});
