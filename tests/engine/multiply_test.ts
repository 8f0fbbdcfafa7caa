import assert from "node:assert/strict";
import { multiplyTransposed } from "../../src/engine/reference/products.ts";
import { multiplyFast } from "../../src/engine/multiply.ts";
import { randomValues } from "../engine/planted.ts";

Deno.test("multiplyFast() gives the plain product, for any sizes, one after the other", () => {
  for (
    const [rows, columns, n] of [[200, 37, 301], [96, 64, 64], [17, 5, 3], [
      3,
      9,
      20,
    ]]
  ) {
    const a = randomValues(rows * n, `a ${rows}`);
    const b = randomValues(columns * n, `b ${rows}`);
    const own = new Float32Array(rows * columns), plain = own.slice();
    multiplyFast(a, rows, b, columns, n, own);
    multiplyTransposed(a, rows, b, columns, n, plain);
    const alone = new Float32Array(columns);
    multiplyFast(a, 1, b, columns, n, alone);
    assert.deepEqual(alone, own.slice(0, columns));
    own.forEach((value, e) =>
      assert(Math.abs(value - plain[e]) < 1e-4, `${rows}: ${e}`)
    );
  }
});
