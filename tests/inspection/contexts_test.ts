import assert from "node:assert/strict";
import fc from "fast-check";
import type { Codes } from "../../src/engine/engine.ts";
import {
  CONTEXT_UNIT,
  CONTEXT_WIDTH,
  Contexts,
  ContextWindow,
  NEIGHBOURS,
} from "../../src/inspection/contexts.ts";

/** One atom, used by every row with a value of its own. */
function codesOf(values: number[]): Codes {
  return {
    rows: values.length,
    sparsity: 1,
    indices: new Uint32Array(values.length),
    values: Float32Array.from(values),
    residual: new Float32Array(values.length),
  };
}

Deno.test("ContextWindow shows every row once, with the tokens of its own text around it, whatever the batches", () => {
  const batches = fc.array(
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
    { minLength: 1, maxLength: 6 },
  );
  const texts = fc.integer({ min: 1, max: 30 });
  fc.assert(fc.property(batches, texts, (parts, length) => {
    const all = parts.flat();
    const rowOf = (i: number) => Math.floor(i / length);
    const window = new ContextWindow();
    const seen: number[] = [];
    const check = (windowed: ReturnType<ContextWindow["rest"]>) => {
      if (windowed === undefined) return;
      const { codes, numbers, places, start, end } = windowed;
      const contexts = new Contexts(codes, places);
      for (let i = start; i < end; i++) {
        const row = numbers[i];
        seen.push(row);
        const shown = new Int8Array(CONTEXT_WIDTH);
        contexts.write(i, 0, all[row], shown, 0);
        const expected = Array.from({ length: CONTEXT_WIDTH }, (_, place) => {
          const other = row + place - NEIGHBOURS;
          const near = other >= 0 && other < all.length &&
            rowOf(other) === rowOf(row);
          const share = near ? Math.min(2, all[other] / all[row]) : 0;
          return Math.round(share * CONTEXT_UNIT);
        });
        assert.deepEqual([...shown], expected);
      }
    };
    let first = 0;
    for (const part of parts) {
      const numbers = Float64Array.from(part, (_, i) => first + i);
      check(window.add(codesOf(part), numbers, {
        rows: numbers.map(rowOf),
        items: Int32Array.from(numbers, (row) => row % length),
      }));
      first += part.length;
    }
    check(window.rest());
    assert.deepEqual(seen, all.map((_, i) => i));
  }));
});

Deno.test("Contexts.write() leaves out neighbours that are not the next tokens: dropped rows, other texts", () => {
  const contexts = new Contexts(codesOf([4, 2, 8]), {
    rows: Float64Array.of(0, 0, 1),
    items: Int32Array.of(0, 2, 3),
  });
  const shown = new Int8Array(CONTEXT_WIDTH);
  contexts.write(1, 0, 2, shown, 0);
  const expected = new Int8Array(CONTEXT_WIDTH);
  expected[NEIGHBOURS] = CONTEXT_UNIT;
  assert.deepEqual(shown, expected);
});
