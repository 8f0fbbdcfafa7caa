import * as arrow from "apache-arrow";
import assert from "node:assert/strict";
import { join } from "node:path";
import { openRows } from "../../src/rows/open.ts";
import { decode, type DecodeOptions } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { sql, sqlRows, writeHyparquet, writeTable } from "../rows/writers.ts";
import { CPU } from "./helpers.ts";
import { COUNT, LISTS, MODEL, roundTrip, ROWS, WIDTH } from "./decode_like.ts";

Deno.test("decode() like a file leaves vectors without codes as they are, to the bit", async () => {
  await inDirectory(async (directory) => {
    const texts = [LISTS.slice(0, 3), LISTS.slice(3, 20), LISTS.slice(20)];
    const input = join(directory, "in.parquet");
    await sql(
      `COPY (SELECT * FROM ${
        sqlRows(texts, "DOUBLE[][]")
      }) TO '${input}' (FORMAT parquet)`,
    );
    const { result, before, after, rebuilt } = await roundTrip(
      directory,
      input,
      { encoding: { skipItems: 1 } },
    );
    assert.equal(result.rows, COUNT - 3);
    assert.equal(result.rowsUnchanged, 3);
    let next = 0;
    for (let row = 0; row < COUNT; row++) {
      const range = [row * WIDTH, (row + 1) * WIDTH];
      const found = [...after.data.subarray(...range)];
      const first = [0, 3, 20].includes(row);
      const expected = first
        ? [...before.data.subarray(...range)]
        : rebuilt.slice(next, next += WIDTH).map(Math.fround);
      assert.deepEqual(found, expected, `row ${row}`);
    }
    const holes = LISTS.map((row, i) => i === 4 ? null : i === 7 ? [] : row);
    await sql(
      `COPY (SELECT * FROM ${
        sqlRows(holes as unknown[][], "FLOAT[]")
      }) TO '${input}' (FORMAT parquet)`,
    );
    const codes = join(directory, "some.parquet");
    const source = await openRows(input, { skipInvalid: true });
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const out = join(directory, "holes.parquet");
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    const done = await decode(MODEL, codes, { out, like: input, onNotice });
    assert.equal(done.rowsUnchanged, 2);
    // The same file elsewhere is the same; another one of as many rows is not.
    await Deno.mkdir(join(directory, "moved"));
    const moved = join(directory, "moved", "in.parquet");
    await Deno.copyFile(input, moved);
    await decode(MODEL, codes, { out, like: moved, overwrite: true, onNotice });
    assert.deepEqual(notices, []);
    const like = join(directory, "other.parquet");
    await Deno.copyFile(input, like);
    await decode(MODEL, codes, { out, like, overwrite: true, onNotice });
    assert.match(
      notices.join(),
      /codes were made of files of other names.*other\.parquet/,
    );
    const [was, is] = await sql(
      `SELECT a.v::VARCHAR, b.v::VARCHAR FROM '${input}' a JOIN '${out}' b USING (id) WHERE id IN (4, 7) ORDER BY id`,
    );
    assert.deepEqual(is, was);
    assert.deepEqual(is, [null, "[]"]);
    const npy = join(directory, "in.f32");
    await Deno.writeFile(npy, new Uint8Array(ROWS.buffer));
    const raw = await roundTrip(directory, npy, {
      reading: { width: WIDTH },
      encoding: { maxRows: 10 },
    });
    assert.equal(raw.result.rowsUnchanged, COUNT - 10);
    assert.deepEqual(
      raw.after.data.subarray(10 * WIDTH),
      ROWS.subarray(10 * WIDTH),
    );
    assert.notDeepEqual(
      raw.after.data.subarray(0, WIDTH),
      ROWS.subarray(0, WIDTH),
    );
  });
});

Deno.test("decode() like a file that is stopped leaves nothing", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    writeHyparquet(input, LISTS, { rowGroupSize: 10, codec: "ZSTD" });
    const codes = join(directory, "codes.parquet");
    const source = await openRows(input);
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const stop = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    await assert.rejects(
      decode(MODEL, codes, {
        out: join(directory, "out.parquet"),
        like: input,
        signal: stop.signal,
        onProgress: ({ rows, total }) => {
          assert.equal(total, COUNT);
          seen.push(rows);
          stop.abort(reason);
        },
      }),
      reason,
    );
    assert.deepEqual(seen, [10]);
    const left = await Array.fromAsync(
      Deno.readDir(directory),
      ({ name }) => name,
    );
    assert.deepEqual(left.sort(), ["codes.parquet", "in.parquet"]);
  });
});

Deno.test("decode() like a file refuses codes of others, whole numbers, other endings and its own place", async () => {
  await inDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    const writeRows = async (
      name: string,
      rows: number[][],
      type = "FLOAT[]",
    ) =>
      await sql(
        `COPY (SELECT * FROM ${sqlRows(rows, type)}) TO '${
          path(name)
        }' (FORMAT parquet)`,
      );
    await writeRows("in.parquet", LISTS);
    await writeRows("short.parquet", LISTS.slice(0, 9));
    await writeRows("narrow.parquet", LISTS.map((row) => row.slice(1)));
    await writeRows(
      "whole.parquet",
      LISTS.map((row) => row.map(Math.round)),
      "INT[]",
    );
    const source = await openRows(path("in.parquet"));
    const codes = path("codes.parquet");
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const refused = (
      like: string,
      message: RegExp,
      options: Partial<DecodeOptions> = {},
    ) =>
      assert.rejects(
        decode(MODEL, codes, {
          out: path("out.parquet"),
          like: path(like),
          ...options,
        }),
        message,
      );
    await refused(
      "short.parquet",
      /codes of row 9 are not of the input's rows/,
    );
    await refused("narrow.parquet", /Rows have 5 dimensions, the model 6/);
    await refused("whole.parquet", /whole numbers/);
    await writeRows(
      "ragged.parquet",
      LISTS.map((row, i) => i === 3 ? row.slice(1) : row),
    );
    await refused("ragged.parquet", /Row holds 5 values instead of 6/);
    await refused("none.parquet", /No such file|not found/i);
    await refused("in.parquet", /is written as \.parquet/, {
      out: path("out.npy"),
    });
    await refused("in.parquet", /would replace an input/, {
      out: path("in.parquet"),
    });
    await refused("in.parquet", /No such column/, { column: "w" });
    const damaged = await Deno.readFile(path("in.parquet"));
    damaged.fill(0x7F, 60, 400);
    await Deno.writeFile(path("damaged.parquet"), damaged);
    await refused("damaged.parquet", /Cannot decode, .*damaged\.parquet/s);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name))
        .filter((name) => name.includes("out")),
      [],
    );
  });
});

Deno.test("decode() like a file that nobody may write gives one that its owner may; of another file nothing is replaced", async () => {
  await inDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    for (const name of ["one.f32", "two.f32"]) {
      await Deno.writeFile(path(name), new Uint8Array(ROWS.buffer));
      await Deno.chmod(path(name), 0o444);
    }
    const codes = path("codes.parquet");
    const source = await openRows(path("one.f32"), { width: WIDTH });
    await encode(MODEL, source, { out: codes, ...CPU });
    await source.close();
    const out = path("rebuilt.f32");
    const like = path("one.f32");
    await decode(MODEL, codes, { out, like, width: WIDTH });
    assert.equal((await Deno.stat(out)).mode! & 0o777, 0o644);
    for (const name of ["one.parquet", "two.parquet"]) {
      await sql(
        `COPY (SELECT * FROM ${sqlRows(LISTS, "FLOAT[]")}) TO '${
          path(name)
        }' (FORMAT parquet)`,
      );
    }
    const table = path("rebuilt.parquet");
    const once = { out: table, like: path("one.parquet") };
    await decode(MODEL, codes, once);
    await decode(MODEL, codes, once);
    for (const like of [undefined, path("two.parquet")]) {
      await assert.rejects(
        decode(MODEL, codes, { out: table, like }),
        /--overwrite|overwrite/,
      );
    }
  });
});

Deno.test("decode() like a file with whole numbers of few bits writes what other readers take", () =>
  inDirectory(async (directory) => {
    const input = join(directory, "in.parquet");
    const float = new arrow.Field("item", new arrow.Float32(), true);
    writeTable(input, {
      v: arrow.vectorFromArray(LISTS, new arrow.List(float)),
      u8: arrow.vectorFromArray(LISTS.map((_, i) => i), new arrow.Uint8()),
    });
    const { out } = await roundTrip(directory, input, {
      reading: { column: "v" },
    });
    const values = (file: string) =>
      sql(`select u8, typeof(u8) from '${file}'`);
    assert.deepEqual(await values(out), await values(input));
  }));

Deno.test("decode() like 16 bits: what they have no number for stands as the largest one, and is counted", async () => {
  await inDirectory(async (directory) => {
    const input = join(directory, "in.f16");
    await Deno.writeFile(
      input,
      new Uint8Array(Float16Array.from(ROWS).buffer),
    );
    const reading = { width: WIDTH, blobType: "f16" } as const;
    const model = { ...MODEL, mean: MODEL.mean.map(() => 1e6) };
    const notices: string[] = [];
    const { after, rebuilt } = await roundTrip(directory, input, {
      ...{ reading, model },
      onNotice: (notice) => notices.push(notice),
    });
    const most = 65_504;
    const cut = rebuilt.filter((value) => Math.abs(value) > most).length;
    assert(cut > 0 && after.data.every(Number.isFinite));
    rebuilt.forEach((value, i) =>
      assert.equal(
        after.data[i],
        Math.f16round(Math.max(-most, Math.min(most, value))),
      )
    );
    assert.deepEqual(notices, [
      `${cut} rebuilt values are beyond 16 bits, and stand as 65504`,
    ]);
  });
});
