import assert from "node:assert/strict";
import { join } from "node:path";
import type { DictionaryModel } from "../../src/model/model.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { decode } from "../../src/use/decode.ts";
import { encode, encodeRows } from "../../src/use/encode.ts";
import { encodeRows as ownCodes } from "../../src/use/autoencoder_coder.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { exportModel } from "../../src/use/export.ts";
import { loadAnyModel, loadDictionary } from "../../src/use/models.ts";
import { inDirectory } from "../directories.ts";
import { CPU, smallProblem } from "./helpers.ts";

/** Of one row, atoms with their activations, the largest first. */
type Shown = [atom: number, value: number][];

/** ⟨row − mean, atom⟩ in float64, the largest first. */
function correlationsOf(
  { mean, dictionary, width, atoms }: DictionaryModel,
  data: Float32Array,
  row: number,
): Shown {
  const all = Array.from({ length: atoms }, (_, atom): Shown[number] => {
    let sum = 0;
    for (let d = 0; d < width; d++) {
      sum += (data[row * width + d] - mean[d]) * dictionary[atom * width + d];
    }
    return [atom, sum];
  });
  return all.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
}

async function written(out: string, model: DictionaryModel) {
  const reader = await openCodes(out, model);
  const rows: Shown[] = [];
  let residual: Float32Array | undefined;
  for await (const { codes, residual: known } of reader.batches()) {
    residual = known;
    for (let row = 0; row < codes.rows; row++) {
      const from = row * codes.sparsity, to = from + codes.sparsity;
      const values = codes.values.subarray(from, to);
      rows.push(
        [...codes.indices.subarray(from, to)]
          .map((atom, s): Shown[number] => [atom, values[s]])
          .filter(([, value]) => value !== 0),
      );
    }
  }
  reader.close();
  return { rows, residual, description: reader.description! };
}

function assertShown(found: Shown, expected: Shown): void {
  assert.deepEqual(
    found.map(([atom]) => atom),
    expected.map(([atom]) => atom),
  );
  found.forEach(([, value], i) =>
    assert(Math.abs(value - expected[i][1]) < 1e-4)
  );
}

Deno.test("encode() writes a row's largest correlations with the centred row, and says that these are no codes", async () => {
  await inDirectory(async (directory) => {
    const { model, data, source } = smallProblem(300);
    const out = join(directory, "activations.parquet");
    for (const dense of [false, true]) {
      const done = await encode(model, source, {
        ...{ out, activations: 7, dense, ...CPU },
      });
      assert.deepEqual([done.rows, done.by], [300, "activation"]);
      assert.match(done.coder, /the 7 largest correlations of a row/);
      const { rows, residual, description } = await written(out, model);
      assert.equal(residual, undefined);
      assert.equal(description.by, "activation");
      assert.equal(description.activations, 7);
      assert.equal(description.coder, undefined);
      rows.forEach((found, row) => {
        if (dense) found.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
        assertShown(found, correlationsOf(model, data, row).slice(0, 7));
      });
    }
    await assert.rejects(
      decode(model, out, { out: join(directory, "rows.parquet") }),
      /activations.*only codes rebuild rows/,
    );
    await assert.rejects(
      encode(model, source, { out, ...CPU }),
      /an output of encode --activations/,
    );
  });
});

Deno.test("encode() shows positive correlations alone where codes are non-negative, and the first groups where they are asked for", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "activations.parquet");
    const { model, data, source } = smallProblem(120, { groups: [8, 16] });
    const coder = { ...model.coder, nonnegative: true };
    const positive = { ...model, coder };
    await encode(positive, source, { out, activations: 24, ...CPU });
    (await written(out, model)).rows.forEach((found, row) =>
      assertShown(
        found,
        correlationsOf(model, data, row).filter(([, value]) => value > 0),
      )
    );
    const prefix = { out, activations: 5, group: 1, ...CPU };
    await encode(model, source, prefix);
    (await written(out, model)).rows.forEach((found, row) =>
      assertShown(
        found,
        correlationsOf(model, data, row).filter(([atom]) => atom < 8)
          .slice(0, 5),
      )
    );
    for (const activations of [0, 9, 1.5]) {
      await assert.rejects(
        encode(model, source, { ...prefix, activations }),
        /A row has no .* activations.*keep 1 to 8/,
      );
    }
  });
});

Deno.test("encodeRows() gives activations in place of codes, without residuals", async () => {
  const { model, data, source } = smallProblem(60);
  const options = { activations: 4, ...CPU };
  for await (const { codes } of encodeRows(model, source, options)) {
    assert(codes.residual.every(Number.isNaN));
    for (let row = 0; row < codes.rows; row++) {
      assertShown(
        Array.from(
          codes.indices.subarray(4 * row, 4 * row + 4),
          (atom, s): Shown[number] => [atom, codes.values[4 * row + s]],
        ),
        correlationsOf(model, data, row).slice(0, 4),
      );
    }
  }
});

Deno.test("encode() gives the same bytes of activations on any number of threads", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(3000);
    const bytes = async (threads: number) => {
      const out = join(directory, `${threads}.parquet`);
      await encode(model, source, {
        ...{ out, activations: 9, device: "cpu", threads },
      });
      return await Deno.readFile(out);
    };
    assert.deepEqual(await bytes(1), await bytes(3));
  });
});

Deno.test("encode() shows what another tool's autoencoder gives by its own encoder, the largest of it", async () => {
  await inDirectory(async (directory) => {
    const { model, data, source } = smallProblem(400);
    const sae = join(directory, "sae"), out = join(directory, "a.parquet");
    await exportModel(model, {
      ...{ format: "saelens-topk", out: sae, source, ...CPU },
    });
    const imported = await loadAnyModel(sae);
    assert("format" in imported);
    const dictionary = await loadDictionary(sae);
    const codes = ownCodes(imported, data, 400);
    for (const activations of [2, codes.sparsity + 3]) {
      await encode(dictionary, source, { out, activations, ...CPU });
      const { rows } = await written(out, dictionary);
      rows.forEach((found, row) => {
        const from = row * codes.sparsity, to = from + codes.sparsity;
        const own = [...codes.indices.subarray(from, to)]
          .map((atom, s): Shown[number] => [atom, codes.values[from + s]])
          .filter(([, value]) => value !== 0)
          .sort(([, a], [, b]) => b - a).slice(0, activations);
        found.sort(([, a], [, b]) => b - a);
        assertShown(found, own);
      });
    }
    await encode(dictionary, rowsFromArray(data, model.width), {
      ...{ out, overwrite: true, ...CPU },
    });
    assert.equal((await written(out, dictionary)).description.by, "code");
  });
});
