import type { RowSource } from "../../../src/rows/source.ts";

/** The same rows as tokens of texts of these lengths, whose ids are their numbers and 7. */
export function withIds(
  source: RowSource,
  lengths: readonly number[],
): RowSource {
  const starts = lengths.map((_, text) =>
    lengths.slice(0, text).reduce((a, b) => a + b, 0)
  );
  const textOf = (row: number) => starts.findLastIndex((start) => start <= row);
  const lists = lengths.map((length, text) =>
    Int32Array.from({ length }, (_, i) => starts[text] + i + 7)
  );
  const schema = [{}, {}, { type: "INT32" }];
  const rowsOf = ({ start, end }: { start: number; end: number }) =>
    Array.from({ length: end - start }, (_, i) => start + i);
  return {
    ...source,
    otherColumns: () => Promise.resolve([{ name: "token_ids", schema }]),
    readColumns: ([name], range) => {
      const values = rowsOf(range).map((row) => lists[textOf(row)]);
      return Promise.resolve([{ name, schema, values }]);
    },
    readItems: (range) => {
      const rows = rowsOf(range);
      return Promise.resolve({
        rows: Float64Array.from(rows, textOf),
        items: Int32Array.from(rows, (row) => row - starts[textOf(row)]),
      });
    },
  };
}
