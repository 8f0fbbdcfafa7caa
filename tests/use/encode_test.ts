import { tableFromIPC } from "apache-arrow";
import assert from "node:assert/strict";
import { join } from "node:path";
import { readParquet } from "parquet-wasm";
import { type Codes, EMPTY_SLOT } from "../../src/engine/engine.ts";
import { openRows } from "../../src/rows/open.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { writeDrawn } from "../inspection/drawn_pictures.ts";
import { CPU, SAMPLE, smallProblem, writeTexts } from "./helpers.ts";
import { libraryCodes, query } from "./coded.ts";

function usedSlots(codes: Codes[]) {
  return codes.flatMap(({ rows, sparsity, indices, values }) =>
    Array.from({ length: rows }, (_, row) => {
      const from = row * sparsity;
      const slots = Array.from({ length: sparsity }, (_, s) => from + s)
        .filter((slot) => indices[slot] !== EMPTY_SLOT);
      return {
        indices: slots.map((slot) => indices[slot]),
        values: slots.map((slot) => values[slot]),
      };
    })
  );
}

Deno.test("encode() writes the library's codes exactly, as DuckDB and parquet-wasm read them", async () => {
  await inDirectory(async (directory) => {
    const { model, data, source } = smallProblem(700);
    // A row that equals the mean has no codes: an empty list.
    data.set(model.mean, 5 * model.width);
    for (const compression of ["zstd", "snappy", "none"] as const) {
      const out = join(directory, `${compression}.parquet`);
      const result = await encode(model, source, { out, compression, ...CPU });
      assert.deepEqual([result.rows, result.out], [700, out]);
      assert.equal(result.bytes, (await Deno.stat(out)).size);
      const expected = usedSlots(await libraryCodes(model, source));
      assert.deepEqual(expected[5], { indices: [], values: [] });
      const rows = await query(
        `select "row", indices, values, residual from '${out}'`,
      );
      assert.equal(rows.length, 700);
      rows.forEach((row, i) => {
        assert.equal(row.row, String(i));
        assert.deepEqual(row.indices, expected[i].indices);
        assert.deepEqual(row.values, expected[i].values);
      });
      const table = tableFromIPC(
        readParquet(await Deno.readFile(out)).intoIPCStream(),
      );
      const values = table.getChild("values")!;
      const indices = table.getChild("indices")!;
      expected.forEach((codes, i) => {
        assert.deepEqual([...indices.get(i)], codes.indices);
        assert.deepEqual([...values.get(i)], codes.values);
      });
      const codec = await query(
        `select distinct compression from parquet_metadata('${out}')`,
      );
      const name = compression === "none" ? "UNCOMPRESSED" : compression;
      assert.deepEqual(codec, [{ compression: name.toUpperCase() }]);
    }
    const left = [...Deno.readDirSync(directory)].map(({ name }) => name);
    assert.deepEqual(left.sort(), [
      "none.parquet",
      "snappy.parquet",
      "zstd.parquet",
    ]);
  });
});

Deno.test("A DuckDB query over codes, dictionary and rows reproduces the residuals", async () => {
  await inDirectory(async (directory) => {
    const source = await openRows(SAMPLE, { maxRows: 400 });
    const model = makeModel({ width: source.width, atoms: 150 });
    const out = join(directory, "codes.parquet");
    await encode(model, source, { out, ...CPU });
    await source.close();
    const table = join(directory, "atoms.csv");
    const lines = Array.from(
      model.dictionary,
      (value, i) =>
        `${Math.floor(i / model.width)},${i % model.width},${value}`,
    );
    await Deno.writeTextFile(table, `atom,d,value\n${lines.join("\n")}\n`);
    const means = join(directory, "mean.csv");
    await Deno.writeTextFile(
      means,
      `d,value\n${[...model.mean].map((b, d) => `${d},${b}`).join("\n")}\n`,
    );
    const [result] = await query(`
      create table y as select row_number() over () - 1 as id,
        unnest(embedding) as v, generate_subscripts(embedding, 1) - 1 as d
        from (select embedding from '${SAMPLE}' limit 400);
      create table codes as select "row" as id, unnest(indices) as atom,
        unnest(values) as x from '${out}';
      create table fit as select id, d, sum(x * value) as v
        from codes join '${table}' using (atom) group by id, d;
      create table errors as select y.id,
        sum(pow(y.v - b.value - coalesce(fit.v, 0), 2)) /
          sum(pow(y.v - b.value, 2)) as residual
        from y join '${means}' b using (d) left join fit using (id, d)
        group by y.id;
      select count(*) as n, max(abs(e.residual - c.residual)) as worst
        from errors e join '${out}' c on c."row" = e.id
    `);
    assert.equal(result.n, "400");
    assert.ok(Number(result.worst) < 1e-5, `off by ${result.worst}`);
  });
});

Deno.test("encode() passes columns through with their types", async () => {
  await inDirectory(async (directory) => {
    const source = await openRows(SAMPLE, { maxRows: 300 });
    const model = makeModel({ width: source.width, atoms: 64 });
    const out = join(directory, "codes.parquet");
    const keep = ["word", "rank"];
    await encode(model, source, { out, keep, ...CPU });
    const [{ same, n }] = await query(`
      select count(*) as n, bool_and(c.word = s.word and c.rank = s.rank) as same
      from '${out}' c join (select word, rank, row_number() over () - 1 as id
        from '${SAMPLE}' limit 300) s on c."row" = s.id`);
    assert.deepEqual([same, n], [true, "300"]);
    const type = async (file: string, column: string) =>
      (await query(`describe select ${column} from '${file}'`))[0].column_type;
    for (const column of keep) {
      assert.equal(await type(out, column), await type(SAMPLE, column));
    }
    await assert.rejects(
      encode(model, source, { out, keep: ["nothing"], ...CPU }),
      /nothing/,
    );
    await assert.rejects(
      encode(model, source, { out, keep: ["word", "word"], ...CPU }),
      /"word" cannot be kept/,
    );
    await source.close();
  });
});

Deno.test("encode() keeps each row's own columns where rows before it were left out", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet");
    await query(`copy (select i as id, [
        case when i in (0, 3, 4, 20) then 'nan'::float else cos(i) end,
        sin(i), i % 7 - 3]::float[] as vector
      from range(40) t(i)) to '${rows}'`);
    const source = await openRows(rows, { skipInvalid: true });
    const model = makeModel({ width: 3, atoms: 8 });
    const out = join(directory, "codes.parquet");
    await encode(model, source, { out, keep: ["id"], ...CPU });
    await source.close();
    const [{ same, n }] = await query(`
      select count(*) as n, bool_and(id = "row") as same from '${out}'`);
    assert.deepEqual([same, n], [true, "36"]);
  });
});

Deno.test("encode() keeps bytes of which the schema says nothing as they are, text or not", async () => {
  await inDirectory(async (directory) => {
    const rows = await writeDrawn(directory, 12);
    const source = await openRows(rows, { column: "vector" });
    const out = join(directory, "codes.parquet");
    const model = makeModel({ width: source.width, atoms: 8 });
    await encode(model, source, { out, keep: ["bytes"], ...CPU });
    await source.close();
    const [{ same, n }] = await query(`
      select count(*) as n, bool_and(c.bytes = s.bytes) as same
      from '${out}' c join (select bytes, row_number() over () - 1 as id from '${rows}') s on c."row" = s.id`);
    assert.deepEqual([same, n], [true, "12"]);
  });
});

Deno.test("encode() tells nested rows by their text and place within it", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "tokens.parquet");
    await writeTexts(path, [["a", "b", "c"], ["d"], ["e", "f"]], 6);
    const source = await openRows(path, { column: "vectors" });
    const model = makeModel({ width: 6, atoms: 9 });
    const out = join(directory, "codes.parquet");
    await encode(model, source, { out, keep: ["tokens"], ...CPU });
    await source.close();
    const rows = await query(
      `select "row", item, tokens[item + 1] as token from '${out}'`,
    );
    assert.deepEqual(rows.map(({ row, item, token }) => [row, item, token]), [
      ["0", 0, "a"],
      ["0", 1, "b"],
      ["0", 2, "c"],
      ["1", 0, "d"],
      ["2", 0, "e"],
      ["2", 1, "f"],
    ]);
    const back = join(directory, "rows.parquet");
    await decode(model, out, { out: back });
    const places = await query(`select "row", item from '${back}'`);
    assert.deepEqual(places, rows.map(({ row, item }) => ({ row, item })));
  });
});

Deno.test("encode() with a group codes as that prefix of the dictionary alone", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(200, {
      groups: [6, 8, 10],
      coder: {
        method: "omp",
        sparsity: 5,
        nonnegative: false,
        tolerance: 0,
        refit: false,
      },
    });
    const whole = usedSlots(await libraryCodes(model, source));
    for (const group of [1, 2, 3]) {
      const out = join(directory, `${group}.parquet`);
      await encode(model, source, { out, group, ...CPU });
      const rows = await query(`select indices, values from '${out}'`);
      const end = [6, 14, 24][group - 1];
      rows.forEach(({ indices, values }, i) => {
        const kept = whole[i].indices.filter((atom) => atom < end);
        assert.deepEqual(indices, kept);
        assert.deepEqual(values, whole[i].values.slice(0, kept.length));
      });
    }
    const out = join(directory, "4.parquet");
    await assert.rejects(
      encode(model, source, { out, group: 4, ...CPU }),
      /no 4 groups/,
    );
  });
});

Deno.test("encode() leaves nothing behind when it is stopped or cannot write", async () => {
  await inDirectory(async (directory) => {
    const { model, source } = smallProblem(40_000);
    const controller = new AbortController();
    const reason = new Error("stopped by the user");
    const out = join(directory, "codes.parquet");
    let rows = 0;
    await assert.rejects(
      encode(model, source, {
        out,
        ...CPU,
        signal: controller.signal,
        onProgress: (progress) => {
          rows = progress.rows;
          controller.abort(reason);
        },
      }),
      reason,
    );
    assert.ok(rows > 0 && rows < 40_000);
    assert.deepEqual([...Deno.readDirSync(directory)], []);
    await assert.rejects(
      encode(model, source, { out: join(directory, "no/such/x"), ...CPU }),
      /Cannot write/,
    );
    const wide = makeModel({ width: 13, atoms: 20 });
    await assert.rejects(
      encode(wide, source, { out, ...CPU }),
      /Rows have 12 dimensions, the dictionary has 13/,
    );
    assert.deepEqual([...Deno.readDirSync(directory)], []);
  });
});
