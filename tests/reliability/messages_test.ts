import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { npyParts } from "../../src/files/npy.ts";
import type { DbksvdError, ErrorKind } from "../../src/errors.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { createMetrics } from "../../src/metrics/accumulator.ts";
import { loadAnyModel, loadDictionary } from "../../src/use/models.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { delivered } from "../rows/files.ts";
import { sql } from "../rows/writers.ts";
import { noise } from "./runs.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = `${ROOT}src/cli/main.ts`;

async function refused(
  work: Promise<unknown>,
  kind: ErrorKind,
  ...words: RegExp[]
) {
  await assert.rejects(work, (error: DbksvdError) => {
    assert.equal(error.kind, kind, error.message);
    for (const word of words) assert.match(error.message, word);
    return true;
  });
}

Deno.test("Files of other kinds are refused with what to do about them", () =>
  inDirectory(async (directory) => {
    const lfs =
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    for (const name of ["a.parquet", "a.safetensors", "a.npy", "a"]) {
      const path = `${directory}/${name}`;
      await Deno.writeTextFile(path, lfs);
      await refused(openRows(path), "data", /Git LFS pointer.*git lfs pull/);
    }
    const dictionary = `${directory}/a.safetensors`;
    await refused(loadDictionary(dictionary), "data", /git lfs pull/);
    const kinds: [string, RegExp][] = [
      ["rows.csv", /DuckDB.*rows\.csv/],
      ["rows.jsonl", /DuckDB/],
      ["acts.pt", /safetensors\.torch\.save_file/],
      ["acts.h5", /numpy\.save/],
    ];
    for (const [name, words] of kinds) {
      await Deno.mkdir(`${directory}/${name}.d`);
      for (const path of [name, `${name}.d/${name}`]) {
        await Deno.writeTextFile(`${directory}/${path}`, "1,2,3\n");
      }
      await refused(openRows(`${directory}/${name}`), "data", words);
      await refused(openRows(`${directory}/${name}.d`), "data", words);
    }
    await refused(openRows("gs://b/k.parquet"), "data", /gs.*sign-url/);
    await refused(openRows("ftp://b/k"), "data", /ftp:\/\/ are not read/);
  }));

Deno.test("A forgotten model, and a folder of several autoencoders, are refused as such", () =>
  inDirectory(async (directory) => {
    const rows = `${directory}/rows.parquet`;
    await sql(`COPY (SELECT [1, 2]::FLOAT[] AS e) TO '${rows}'`);
    await refused(loadAnyModel(rows), "usage", /no model.*model.*first/);
    for (const name of ["layer_1/width_16k", "layer_2/width_16k"]) {
      await Deno.mkdir(`${directory}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${directory}/${name}/params.npz`, "");
    }
    await refused(
      loadAnyModel(directory),
      "data",
      /several autoencoders.*layer_1\/width_16k, .*layer_2\/width_16k/,
    );
  }));

Deno.test("Numbers that float32 cannot hold are refused: too large ones, and rows too short", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/big.parquet`;
    for (const list of ["[1, 1e300]", "[1, 1e300, NULL]"]) {
      const other = list.includes("NULL") ? "[1, 2, 3]" : "[1, 2]";
      await sql(
        `COPY (SELECT unnest([${other}, ${list}, ${other}])::DOUBLE[] AS e) TO '${file}'`,
      );
      const read = async () => {
        const source = await openRows(file);
        await delivered(source).finally(() => source.close());
      };
      await refused(read(), "data", /null|float32 cannot hold/);
    }
    const tiny = noise(300, 8).map((value) => value * 1e-40);
    await refused(
      train(rowsFromArray(tiny, 8), { atoms: 4, sparsity: 1 }, {
        device: "cpu",
      }),
      "data",
      /too short for float32.*multiply/,
    );
    for (const [size, scale] of [[1e36, true], [1e20, false]] as const) {
      const long = noise(300, 8).map((value) => value * size);
      await refused(
        train(rowsFromArray(long, 8), { atoms: 4, sparsity: 1, scale }, {
          device: "cpu",
        }),
        "data",
        /too long for float32.*divide/,
      );
    }
  }));

Deno.test("One row has no variance: no figure is made of its rounding", () => {
  const metrics = createMetrics({
    atoms: 1,
    width: 2,
    dictionary: Float32Array.of(1, 0),
    mean: new Float32Array(2),
  });
  metrics.add(Float32Array.of(3, 4), {
    rows: 1,
    sparsity: 1,
    indices: Uint32Array.of(0),
    values: Float32Array.of(3),
  });
  const { fvu, explained_variance } = metrics.result();
  assert(Number.isNaN(fvu) && Number.isNaN(explained_variance));
});

Deno.test("A pipeline names its own options where a file is refused", () =>
  inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/in`);
    const rows = new Float32Array(240).fill(1);
    rows[19] = NaN;
    const parts = npyParts(rows, [30, 8]);
    await Deno.writeFile(
      `${directory}/in/x.npy`,
      new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()),
    );
    // Of a file that was written just now more may be to come.
    await Deno.utime(`${directory}/in/x.npy`, 1e9, 1e9);
    const config = {
      inputs: ["in/*.npy"],
      root: "pipe",
      train: { atoms: 4, sparsity: 1 },
    };
    await Deno.writeTextFile(`${directory}/n.json`, JSON.stringify(config));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "-P=dbksvd",
        MAIN,
        "pipeline",
        "run",
        `${directory}/n.json`,
        "--quiet",
      ],
      cwd: ROOT,
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /Refused in\/x\.npy.*"skipInvalid" under "train"/);
    assert.doesNotMatch(text, /--skip-invalid/);
  }));
