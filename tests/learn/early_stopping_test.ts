import assert from "node:assert/strict";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { learned, PLANTED, WIDTH } from "./setting.ts";

const ROWS = PLANTED.data.length / WIDTH;

Deno.test("learn() stops early and keeps the dictionary that validated best", async () => {
  const { lines, rows, model } = await learned({ passes: 60, patience: 2 });
  assert.equal(rows, 0.9 * ROWS);
  const passes = lines.filter((line) => line.validationFvu !== undefined);
  const values = passes.map((line) => line.validationFvu!);
  const best = values.indexOf(Math.min(...values));
  assert.equal(passes.length, best + 3);
  assert(passes.length < 60);
  assert(model.dictionary.every(Number.isFinite));
});

Deno.test("learn() does all passes where the rows that early stopping watches tell nothing", async () => {
  const source = rowsFromArray(PLANTED.data.slice(0, 12 * WIDTH), WIDTH);
  const notices: string[] = [];
  const { lines, model } = await learned(
    { passes: 6, patience: 1, init: "gaussian" },
    { onNotice: (notice) => void notices.push(notice) },
    source,
  );
  assert.equal(lines.length, 6);
  assert.match(notices.join(), /early stopping watches do not vary/);
  const bare = await learned(
    { passes: 1, patience: 1, init: "gaussian" },
    {},
    source,
  );
  assert.notDeepEqual(model.dictionary, bare.model.dictionary);
});

Deno.test("learn() says where rows do not vary", async () => {
  for (
    const [value, center, words] of [[3, true, "all the same"], [
      0,
      false,
      "zeros",
    ]] as const
  ) {
    const notices: string[] = [];
    await learned(
      { passes: 1, center },
      { onNotice: (notice) => void notices.push(notice) },
      rowsFromArray(new Float32Array(200 * WIDTH).fill(value), WIDTH),
    );
    assert.match(notices.join(), new RegExp(`200 training rows are ${words}`));
  }
});

Deno.test("learn() says where there are too few rows to watch any", async () => {
  const notices: string[] = [];
  await learned(
    { passes: 1, patience: 1, init: "gaussian" },
    { onNotice: (notice) => void notices.push(notice) },
    rowsFromArray(PLANTED.data.slice(0, 4 * WIDTH), WIDTH),
  );
  assert.match(notices.join(), /too few rows for early stopping/);
});
