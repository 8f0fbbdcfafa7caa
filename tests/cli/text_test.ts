import assert from "node:assert/strict";
import { count, counted, duration, figure, table } from "../../src/text.ts";

Deno.test("count() sets thousands apart", () => {
  assert.deepEqual([0, 999, 1000, 2621440].map(count), [
    "0",
    "999",
    "1 000",
    "2 621 440",
  ]);
});

Deno.test("figure() keeps four digits and shows a dash for nothing", () => {
  assert.deepEqual([0.238_349, 12345.6, 8, NaN, undefined].map(figure), [
    "0.2383",
    "12350",
    "8",
    "–",
    "–",
  ]);
});

Deno.test("duration() says seconds, minutes and hours", () => {
  assert.deepEqual([0, 8.04, 9.96, 200, 7500].map(duration), [
    "0.0 s",
    "8.0 s",
    "10 s",
    "3 min 20 s",
    "2 h 5 min",
  ]);
});

Deno.test("table() flushes all but the first column right", () => {
  assert.equal(
    table(["m", "FVU"], [["512", "0.24"], ["16384", "0.1"]]),
    "m       FVU\n512    0.24\n16384   0.1",
  );
});

Deno.test("counted() says one thing or several", () => {
  assert.equal(counted(1, "row"), "1 row");
  assert.equal(counted(9000, "row"), "9 000 rows");
  assert.equal(counted(2, "pass", "passes"), "2 passes");
});

Deno.test("table() keeps a line a row, whatever names hold", () => {
  assert.equal(
    table(["atom", "name"], [["1", "a\nb"]]),
    "atom  name\n1      a b",
  );
});
