import assert from "node:assert/strict";
import { inDirectory } from "../directories.ts";
import { rowsOf } from "./files.ts";
import { sql } from "./writers.ts";

async function withTable(work: (file: string) => Promise<void>) {
  await inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    await sql(
      `COPY (SELECT [i, 1]::FLOAT[] AS e, i::BIGINT AS id, {'x': i::BIGINT, 'day': DATE '2024-01-01' + i::INT} AS at, 9007199254740992 + i AS big, [9007199254740992 + i] AS bigs, DATE '2024-01-01' + i::INT AS day FROM range(5) t(i)) TO '${file}' (FORMAT parquet)`,
    );
    await work(file);
  });
}

Deno.test("where compares whole numbers of 64 bits and dates with what a filter in JSON can hold", () =>
  withTable(async (file) => {
    const cases: [Record<string, unknown>, number[]][] = [
      [{ id: 3 }, [3]],
      [{ id: { $in: [1, 4] } }, [1, 4]],
      [{ id: { $ne: 2 } }, [0, 1, 3, 4]],
      [{ "at.x": 3 }, [3]],
      [{ day: "2024-01-03" }, [2]],
      [{ "at.day": { $lt: "2024-01-03" } }, [0, 1]],
      [{ big: "9007199254740993" }, [1]],
      [{ big: { $nin: ["9007199254740993", 9007199254740991] } }, [0, 2, 3, 4]],
      [{ big: { $gt: "9007199254740994", $lt: 1e300 } }, [3, 4]],
      [{ bigs: { $in: ["9007199254740995"] } }, [3]],
      [{ id: "3" }, [3]],
      [{ $or: [{ day: { $gte: "2024-01-05" } }, { id: 0 }] }, [0, 4]],
    ];
    for (const [where, expected] of cases) {
      const { values } = await rowsOf(file, { column: "e", where });
      assert.deepEqual(values.map(([i]) => i), expected);
    }
  }));

Deno.test("A filter that would let every row pass for its spelling is refused", () =>
  withTable(async (file) => {
    const cases: [unknown, RegExp][] = [
      [{ id: { $gteq: 2 } }, /"\$gteq" is no operator.*\$gte/],
      [{ id: { $not: { $like: 2 } } }, /"\$like" is no operator/],
      [{ $and: [{ id: 1 }], day: 1 }, /stands alone/],
      [{ $or: { id: 1 } }, /takes a list/],
      [{ id: {} }, /"id" is \{\}/],
      [{ id: { $in: 3 } }, /"\$in" is 3/],
      [[], /it holds \[\]/],
      [{ day: "monday" }, /"monday" is no date/],
      [{ big: { $nin: [9007199254740992] } }, /beyond .* as a text/],
    ];
    for (const [where, message] of cases) {
      const options = { column: "e", where } as never;
      await assert.rejects(rowsOf(file, options), { kind: "usage", message });
    }
  }));
