import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { DbksvdError } from "../../src/errors.ts";
import {
  exists,
  followLinks,
  writeDirectoryAtomically,
} from "../../src/files/atomic.ts";
import { loadModel, saveModel, wholly } from "../../src/model/directory.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { exportModel } from "../../src/use/export.ts";
import { lockOutput, lockPath } from "../../src/use/lock.ts";
import { pageOrigin, withOrigin } from "../../src/use/output_claim.ts";
import { train } from "../../src/use/train.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { runCli } from "../cli/fake_io.ts";
import { inDirectory, namesIn } from "../directories.ts";

const ENGINE = { createEngine: createReferenceEngine };
const SMALL = { atoms: 8, sparsity: 2, passes: 1 };

function numbers(seed: number, rows = 200): Float32Array {
  return Float32Array.from(
    { length: rows * 4 },
    (_, i) => Math.sin(i * i + seed),
  );
}

async function trained(seed: number) {
  return await train(rowsFromArray(numbers(seed), 4), SMALL, ENGINE);
}

async function rowsIn(directory: string, name: string, seed = 0, rows = 200) {
  const path = join(directory, name);
  await Deno.writeFile(path, new Uint8Array(numbers(seed, rows).buffer));
  return path;
}

async function withRows<T>(
  path: string,
  use: (source: Awaited<ReturnType<typeof openRows>>) => Promise<T>,
): Promise<T> {
  const source = await openRows(path, { width: 4 });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

async function assertTaken(work: Promise<unknown>, what: RegExp) {
  await assert.rejects(work, (error) => {
    assert(error instanceof DbksvdError && error.kind === "usage", `${error}`);
    assert.match(error.message, what);
    assert.match(error.message, /--overwrite/);
    return true;
  });
}

Deno.test("encode() and decode() replace what they made of the same model and inputs, anything else only with overwrite", () =>
  inDirectory(async (directory) => {
    const { model } = await trained(0);
    const { model: other } = await trained(1);
    const rows = await rowsIn(directory, "rows.f32");
    const more = await rowsIn(directory, "more.f32", 0, 300);
    const out = join(directory, "codes.parquet");
    const code = (with_ = model, input = rows, overwrite?: boolean) =>
      withRows(
        input,
        (source) => encode(with_, source, { out, overwrite, ...ENGINE }),
      );
    await code();
    await code();
    await assertTaken(code(other), /an output of another model/);
    await assertTaken(code(model, more), /an output of other inputs/);
    await code(model, more, true);
    await code(model, more);

    const back = join(directory, "back.parquet");
    const decoded = (overwrite?: boolean, to = back) =>
      decode(model, out, { out: to, overwrite });
    await decoded();
    await decoded();
    const foreign = join(directory, "table.parquet");
    await Deno.copyFile(back, foreign);
    await withRows(rows, async (source) => {
      await assertTaken(
        encode(model, source, { out: back, ...ENGINE }),
        /an output of decode/,
      );
    });
    await Deno.writeTextFile(foreign, "made by hand");
    await assertTaken(decoded(false, foreign), /something else/);
    assert.equal(await Deno.readTextFile(foreign), "made by hand");
    await decoded(true, foreign);
    await code(model, rows, true);
    await assertTaken(decoded(), /an output of other inputs/);
  }));

Deno.test("exportModel() replaces an export of the same format, model and inputs only", () =>
  inDirectory(async (directory) => {
    const { model } = await trained(0);
    const { model: other } = await trained(1);
    const out = join(directory, "sae");
    const source = rowsFromArray(numbers(0), 4);
    const to = (
      format: "saelens-mp" | "gemma-scope" | "sparsify",
      more: { overwrite?: boolean; with_?: typeof model } = {},
    ) =>
      exportModel(more.with_ ?? model, {
        format,
        out,
        source,
        overwrite: more.overwrite,
        ...ENGINE,
      });
    await Deno.mkdir(out);
    await to("saelens-mp");
    await to("saelens-mp");
    await assertTaken(to("saelens-mp", { with_: other }), /another model/);
    await assertTaken(to("sparsify"), /an output of export saelens-mp/);
    await to("sparsify", { overwrite: true });
    await to("sparsify");
    await Deno.writeTextFile(join(out, "notes.txt"), "by hand");
    await assertTaken(to("sparsify"), /something else/);
  }));

Deno.test("inspect --html replaces its own page of the same model and rows, nothing else", () =>
  inDirectory(async (directory) => {
    const rows = await rowsIn(directory, "rows.f32");
    const model = join(directory, "model");
    const { model: dictionary, config, metrics } = await trained(0);
    await saveModel(model, dictionary, config, metrics);
    const page = join(directory, "atoms.html");
    const inspect = (...more: string[]) =>
      runCli([
        ...["inspect", model, rows, "--width", "4", "--device", "cpu"],
        ...["--html", page, "--quiet", ...more],
      ]);
    assert.equal((await inspect()).code, 0);
    assert.equal((await inspect()).code, 0);
    await Deno.writeTextFile(page, "<!doctype html>mine");
    const refused = await inspect();
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /holds something else.*--overwrite/);
    assert.match(await Deno.readTextFile(page), /mine/);
    assert.equal((await inspect("--overwrite")).code, 0);
    const origin = { command: "x", dictionary: "y", inputs: 'a"<b>' };
    const html = '<!doctype html>\n<meta charset="utf-8">\n';
    await Deno.writeTextFile(page, withOrigin(html, origin));
    assert.deepEqual(await pageOrigin(page), origin);
  }));

Deno.test("an output that is named through a link is the place itself: one lock, and the link stays", () =>
  inDirectory(async (directory) => {
    const store = join(directory, "store", "run7");
    await Deno.mkdir(store, { recursive: true });
    const link = join(directory, "latest");
    await Deno.symlink("store/run7", link);
    const run = (out: string, overwrite = false) =>
      trainToDirectory(
        rowsFromArray(numbers(0), 4),
        SMALL,
        { out, overwrite },
        ENGINE,
      );
    assert.equal((await run(link)).model, link);
    assert((await Deno.lstat(link)).isSymlink);
    assert((await namesIn(store)).includes("dictionary.safetensors"));
    const lock = await lockOutput(store);
    await assert.rejects(run(link), /in use/);
    await lock.release();
    const codes = join(directory, "codes.parquet");
    const far = join(directory, "store", "far.parquet");
    await Deno.symlink(far, codes);
    const { model } = await loadModel(link);
    const source = rowsFromArray(numbers(0), 4);
    await encode(model, source, { out: codes, ...ENGINE });
    assert((await Deno.lstat(codes)).isSymlink);
    assert((await Deno.stat(far)).size > 0);
    const round = join(directory, "round");
    await Deno.symlink("round", round);
    await assert.rejects(followLinks(round), DbksvdError);
    assert.equal(
      await followLinks(join(link, "new", "x")),
      join(await Deno.realPath(store), "new", "x"),
    );
  }));

Deno.test("what a killed run left beside an output goes with the next run; another's does not", () =>
  inDirectory(async (directory) => {
    const { model } = await trained(0);
    const source = rowsFromArray(numbers(0), 4);
    const left = [".codes.parquet.0123abcd.tmp", ".other.parquet.0123abcd.tmp"];
    for (const name of left) {
      await Deno.writeTextFile(join(directory, name), "half");
    }
    const out = join(directory, "codes.parquet");
    await encode(model, source, { out, ...ENGINE });
    assert.deepEqual(await namesIn(directory), [left[1], "codes.parquet"]);
    const lock = await lockOutput(out);
    const again = encode(model, source, { out, ...ENGINE });
    await assert.rejects(again, /The output is in use/);
    await lock.release();
    assert(!(await namesIn(directory)).includes(basename(lockPath(out))));
  }));

Deno.test("a directory whose replacement fails at the last rename is put back", () =>
  inDirectory(async (directory) => {
    const out = join(directory, "model");
    await Deno.mkdir(out);
    await Deno.writeTextFile(join(out, "a"), "old");
    const { rename } = Deno;
    let renames = 0;
    Deno.rename = (from, to) =>
      ++renames === 2
        ? Promise.reject(new Deno.errors.PermissionDenied("no more"))
        : rename(from, to);
    try {
      await assert.rejects(
        writeDirectoryAtomically(out, [{ name: "a", parts: [] }]),
        /Cannot write: no more/,
      );
    } finally {
      Deno.rename = rename;
    }
    assert.equal(await Deno.readTextFile(join(out, "a")), "old");
    assert.deepEqual(await namesIn(directory), ["model"]);
  }));

Deno.test("what is read beside its place while it is replaced is read again in its place", () =>
  inDirectory(async (directory) => {
    const [out, previous, next] = ["model", "model.previous", "next"]
      .map((name) => join(directory, name));
    await Deno.mkdir(previous);
    await Deno.mkdir(next);
    let isFirst = true;
    const read = await wholly(
      async () => await exists(out) ? out : previous,
      async (place) => {
        // Now the files of what was found are taken away, one by one.
        if (isFirst) await Deno.rename(next, out);
        isFirst = false;
        return place;
      },
    );
    assert.equal(read, await Deno.realPath(out));
  }));

Deno.test("a model that is replaced while it is read is one model", () =>
  inDirectory(async (directory) => {
    const out = join(directory, "model");
    const both = [await trained(0), await trained(1)];
    const save = ({ model, config, metrics }: typeof both[0], seed: number) => {
      const labelled = { ...model, labels: { "0": `of ${seed}` } };
      return saveModel(out, labelled, { ...config, seconds: seed }, metrics);
    };
    await save(both[0], 0);
    let isOver = false;
    const writer = (async () => {
      for (let i = 0; i < 60; i++) await save(both[i % 2], i % 2);
      isOver = true;
    })();
    try {
      while (!isOver) {
        const { model, config } = await loadModel(out);
        assert.deepEqual(model.labels, { "0": `of ${config.seconds}` });
        assert.deepEqual(
          model.dictionary,
          both[config.seconds!].model.dictionary,
        );
      }
    } finally {
      await writer;
    }
  }));
