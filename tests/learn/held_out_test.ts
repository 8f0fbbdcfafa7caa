import assert from "node:assert/strict";
import { holdOut } from "../../src/learn/held_out_groups.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { heldOutRows } from "../../src/use/held_out_rows.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { withRows } from "../rows/files.ts";
import { sql } from "../rows/writers.ts";

const TEXTS = 60;

/** Texts of 1 to 5 tokens of width 4, of 7 books. */
function writeTexts(file: string, texts = TEXTS) {
  const token =
    "list_transform(range(4), lambda d: sin(i * 31 + j * 7 + d)::FLOAT)";
  return sql(
    `COPY (SELECT i % 7 AS book, list_transform(range(1 + i % 5), lambda j: ${token}) AS e FROM range(${texts}) t(i)) TO '${file}'`,
  );
}

Deno.test("Tokens of a text fall on one side of the split, and the model's record says so", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    await writeTexts(file);
    await withRows(file, {}, async (source) => {
      const options = { atoms: 6, sparsity: 2, passes: 1, holdout: 0.2 };
      const { config } = await train(source, options, { device: "cpu" });
      assert.equal(config.holdoutBy, "outer");
      const heldOut = await heldOutRows(config, source);
      const wanted = Math.round(0.2 * source.rowCount);
      assert(heldOut.size >= wanted && heldOut.size < wanted + 5);
      assert.equal(config.rows.heldOut, heldOut.size);
      const { rows } = await source.readItems!({
        start: 0,
        end: source.rowCount,
      });
      const sides = new Map<number, boolean>();
      rows.forEach((text, row) => {
        const side = heldOut.has(row);
        assert.equal(sides.get(text) ?? side, side);
        sides.set(text, side);
      });
    });
  }));

Deno.test("holdoutBy keeps rows of one value of a column together, or takes rows one by one", () =>
  inDirectory(async (directory) => {
    const file = `${directory}/texts.parquet`;
    await writeTexts(file);
    await withRows(file, {}, async (source) => {
      const byBook = await holdOut(source, {
        holdout: 0.3,
        holdoutBy: "book",
        seed: 1,
      });
      assert.equal(byBook.by, "book");
      const [{ values }] = await source.readColumns!(["book"], {
        start: 0,
        end: source.rowCount,
      });
      const books = values.map(Number);
      for (let book = 0; book < 7; book++) {
        const sides = books.flatMap((other, row) =>
          other === book ? [byBook.rows!.has(row)] : []
        );
        assert.equal(new Set(sides).size, 1);
      }
      const byRow = await holdOut(source, {
        holdout: 30,
        holdoutBy: "row",
        seed: 1,
      });
      assert.deepEqual([byRow.by, byRow.rows!.size], ["row", 30]);
      await assert.rejects(
        holdOut(source, { holdout: 0.3, holdoutBy: "author", seed: 1 }),
        /No such column.*book/,
      );
      await assert.rejects(
        holdOut(source, { holdout: 0.95, holdoutBy: "book", seed: 1 }),
        /leaves none of 7 groups/,
      );
    });
    await writeTexts(file, 12);
    await withRows(file, {}, async (source) => {
      const notices: string[] = [];
      const few = await holdOut(
        source,
        { holdout: 0.2, seed: 1 },
        (notice) => notices.push(notice),
      );
      assert.equal(few.by, "row");
      assert.match(notices.join(), /one by one.*only 12 outer rows/);
    });
  }));

Deno.test("holdoutBy takes a value for the same in files that store it otherwise, and in lists", () =>
  inDirectory(async (directory) => {
    const files = ["int", "bigint"].map((type) =>
      `${directory}/${type}.parquet`
    );
    for (const [i, type] of ["INT", "BIGINT"].entries()) {
      await sql(
        `COPY (SELECT [sin(i), i]::FLOAT[] AS e, (i % 25)::${type} AS book,
          {'book': [(i % 25)::${type}]} AS at FROM range(100) t(i)) TO '${
          files[i]
        }'`,
      );
    }
    await withRows(files, { column: "e" }, async (source) => {
      for (const holdoutBy of ["book", "at"]) {
        const options = { holdout: 0.4, holdoutBy, seed: 1 };
        const { rows } = await holdOut(source, options);
        for (let row = 0; row < 200; row++) {
          assert.equal(rows!.has(row), rows!.has(row % 25));
        }
      }
    });
  }));

Deno.test("Rows that lie in nothing are held out one by one, as ever", async () => {
  const source = rowsFromArray(
    Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i)),
    4,
  );
  const { rows, by } = await holdOut(source, { holdout: 0.1, seed: 3 });
  assert.deepEqual([by, rows!.size], ["row", 10]);
  await assert.rejects(
    holdOut(source, { holdout: 0.1, holdoutBy: "outer", seed: 3 }),
    /lie in nothing/,
  );
});
