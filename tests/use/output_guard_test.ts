import assert from "node:assert/strict";
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { exportModel } from "../../src/use/export.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { CPU, smallProblem } from "./helpers.ts";

function isUsage(words: RegExp) {
  return (error: unknown) =>
    error instanceof DbksvdError && error.kind === "usage" &&
    words.test(error.message);
}

async function writeRows(path: string, data: Float32Array<ArrayBuffer>) {
  await Deno.writeFile(path, new Uint8Array(data.buffer));
  return await openRows(path, { width: 12 });
}

Deno.test("encode() and decode() refuse to write over their input", async () => {
  await inDirectory(async (directory) => {
    const { model, data } = smallProblem(40);
    const input = join(directory, "rows.f32");
    const source = await writeRows(input, data);
    const alias = join(directory, "alias.f32");
    await Deno.symlink(input, alias);
    for (const out of [input, join(directory, ".", "rows.f32"), alias]) {
      await assert.rejects(
        encode(model, source, { out, ...CPU }),
        isUsage(/would replace an input .*rows\.f32/),
      );
    }
    assert.equal((await Deno.stat(input)).size, data.byteLength);
    const codes = join(directory, "codes.parquet");
    await encode(model, source, { out: codes, ...CPU });
    await assert.rejects(
      decode(model, codes, { out: codes }),
      isUsage(/would replace an input/),
    );
    await decode(model, codes, { out: join(directory, "back.parquet") });
  });
});

Deno.test("encode() refuses a directory before it codes anything", async () => {
  await inDirectory(async (out) => {
    const { model, source } = smallProblem(40);
    await assert.rejects(
      encode(model, source, { out, ...CPU }),
      isUsage(/is a directory/),
    );
  });
});

Deno.test("trainToDirectory() refuses a directory that its inputs lie in, overwrite or not", async () => {
  await inDirectory(async (directory) => {
    const { data } = smallProblem(100);
    const out = join(directory, "data");
    await Deno.mkdir(out);
    const source = await writeRows(join(out, "rows.f32"), data);
    const options = { atoms: 4, sparsity: 1, passes: 1 };
    await assert.rejects(
      trainToDirectory(source, options, { out, overwrite: true }, CPU),
      isUsage(/would replace an input/),
    );
    assert.equal(
      (await Deno.stat(join(out, "rows.f32"))).size,
      data.byteLength,
    );
  });
});

Deno.test("exportModel() replaces an earlier export and nothing else", async () => {
  await inDirectory(async (directory) => {
    const { model } = smallProblem(40);
    const format = "saelens-mp";
    const out = join(directory, "sae");
    await exportModel(model, { format, out, ...CPU });
    await exportModel(model, { format, out, ...CPU });
    const foreign = join(directory, "foreign");
    await Deno.mkdir(foreign);
    await Deno.writeTextFile(join(foreign, "cfg.json"), "{}");
    await Deno.writeTextFile(join(out, "notes.txt"), "mine");
    for (const taken of [foreign, out]) {
      await assert.rejects(
        exportModel(model, { format, out: taken, ...CPU }),
        isUsage(/holds something else/),
      );
    }
    assert.equal(await Deno.readTextFile(join(out, "notes.txt")), "mine");
    const empty = join(directory, "empty");
    await Deno.mkdir(empty);
    await exportModel(model, { format, out: empty, ...CPU });
  });
});

Deno.test("exportModel() replaces no names that were written into an export since", async () => {
  await inDirectory(async (directory) => {
    const plain = smallProblem(40).model;
    for (const labels of [undefined, { "2": "rain" }]) {
      const model = { ...plain, labels };
      const out = join(directory, labels === undefined ? "bare" : "named");
      const to = { format: "saelens-mp", out, ...CPU } as const;
      await exportModel(model, to);
      await exportModel({ ...plain, labels: { "3": "snow" } }, to);
      await exportModel(model, to);
      const mine = '{ "5": "mine" }\n';
      await Deno.writeTextFile(join(out, "labels.json"), mine);
      await assert.rejects(
        exportModel(model, to),
        isUsage(/names were changed since the export/),
      );
      const kept = await Deno.readTextFile(join(out, "labels.json"));
      assert.equal(kept, mine);
      await exportModel(model, { ...to, overwrite: true });
    }
  });
});

Deno.test("exportModel() to sparsify puts hook points side by side", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(200);
    const given = {
      format: "sparsify",
      out: directory,
      source,
      ...CPU,
    } as const;
    for (const hookName of ["layers.3", "layers.5"]) {
      const { out } = await exportModel(model, { ...given, hookName });
      assert.equal(out, join(directory, hookName));
    }
    for (const hookName of ["layers.3", "layers.5"]) {
      await Deno.stat(join(directory, hookName, "sae.safetensors"));
    }
    await assert.rejects(
      exportModel(model, { ...given, hookName: "../elsewhere" }),
      isUsage(/--hook-name/),
    );
  });
});
