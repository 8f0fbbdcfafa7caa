import assert from "node:assert/strict";
import { coderOn, engineCoder, type RowCoder } from "../../src/coding/coder.ts";
import { codeRows } from "../../src/coding/rows.ts";
import { codingSpec } from "../../src/coding/spec.ts";
import type { Codes, EngineInfo } from "../../src/engine/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { makeModel } from "../model/models.ts";
import { noise } from "../reliability/runs.ts";

const WIDTH = 6;
const ROWS = 500;
const DATA = noise(ROWS, WIDTH);
const MODEL = makeModel({ width: WIDTH, atoms: 24 });
const ENGINE = { createEngine: createReferenceEngine };

/** A coder that takes no more than some rows at a time, with the sizes of the calls it got. */
async function smallCalls(mostRows: number) {
  const inner = await engineCoder(MODEL, ENGINE);
  const calls: number[] = [];
  const coder: RowCoder<Codes> = {
    ...inner,
    mostRows,
    encode(rows) {
      calls.push(rows.rows);
      return inner.encode(rows);
    },
  };
  return { coder, calls };
}

async function all(coders: RowCoder<Codes>[], mostRows?: number) {
  const indices: number[][] = coders.map(() => []);
  const values: number[][] = coders.map(() => []);
  const residual: number[][] = coders.map(() => []);
  const numbers: number[] = [];
  const data: number[] = [];
  const source = rowsFromArray(DATA, WIDTH);
  for await (
    const { batch, codes } of codeRows(source, coders, { mostRows })
  ) {
    for (let i = 0; i < batch.rows; i++) numbers.push(batch.firstRow + i);
    data.push(...batch.data.subarray(0, batch.rows * WIDTH));
    codes.forEach((each, c) => {
      indices[c].push(...each.indices);
      values[c].push(...each.values);
      residual[c].push(...each.residual);
    });
  }
  return { indices, values, residual, numbers, data };
}

Deno.test("codeRows() gives the same codes however the rows are cut into calls and batches", async () => {
  const engine = await createReferenceEngine(codingSpec(MODEL));
  await engine.loadDictionary(MODEL.dictionary);
  const whole = await engine.encode({ data: DATA.slice(), rows: ROWS });
  for (const [mostRows, batchRows] of [[7, 499], [64, 100], [1000, 1000]]) {
    const { coder, calls } = await smallCalls(mostRows);
    const found = await all([coder], batchRows);
    assert.deepEqual(found.indices[0], [...whole.indices]);
    assert.deepEqual(found.values[0], [...whole.values]);
    assert.deepEqual(found.residual[0], [...whole.residual]);
    assert.deepEqual(found.numbers, Array.from(DATA.keys()).slice(0, ROWS));
    assert.deepEqual(found.data, [...DATA]);
    assert(Math.max(...calls) <= mostRows);
  }
});

Deno.test("codeRows() codes one read with several coders", async () => {
  const other = makeModel({
    width: WIDTH,
    atoms: 9,
    coder: { ...MODEL.coder, sparsity: 1 },
  });
  let reads = 0;
  const source = rowsFromArray(DATA, WIDTH);
  const counted = {
    ...source,
    width: WIDTH,
    rowCount: ROWS,
    batches: (...args: Parameters<typeof source.batches>) => {
      reads++;
      return source.batches(...args);
    },
  };
  const coders = await Promise.all(
    [MODEL, other].map((model) => engineCoder(model, ENGINE)),
  );
  let rows = 0;
  for await (const { codes } of codeRows(counted, coders)) {
    assert.equal(codes[0].sparsity, MODEL.coder.sparsity);
    assert.equal(codes[1].sparsity, 1);
    assert.equal(codes[0].rows, codes[1].rows);
    rows += codes[0].rows;
  }
  assert.equal(rows, ROWS);
  assert.equal(reads, 1);
});

Deno.test("codeRows() tells of every call, up to all rows", async () => {
  const { coder } = await smallCalls(50);
  const reported: number[] = [];
  const source = rowsFromArray(DATA, WIDTH);
  const onProgress = (progress: { rows: number; total: number }) => {
    assert.equal(progress.total, ROWS);
    reported.push(progress.rows);
  };
  for await (const _ of codeRows(source, [coder], { onProgress }));
  assert(reported.length >= ROWS / 50);
  assert.deepEqual(reported, [...reported].sort((a, b) => a - b));
  assert.equal(reported.at(-1), ROWS);
});

Deno.test("codeRows() stops coding soon after its consumer or its signal does", async () => {
  for (const stops of ["consumer", "signal"]) {
    const { coder, calls } = await smallCalls(1);
    const controller = new AbortController();
    const coded = codeRows(rowsFromArray(DATA, WIDTH), [coder], {
      mostRows: 100,
      signal: controller.signal,
    });
    await coded.next();
    const before = calls.length;
    if (stops === "consumer") await coded.return(undefined);
    else {
      controller.abort(new Error("enough"));
      await assert.rejects(Array.fromAsync(coded), /enough/);
    }
    assert(calls.length < before + 50, `${calls.length} calls`);
  }
});

Deno.test("codeRows() fills up the codes of a coder whose calls differ in their slots", async () => {
  const info: EngineInfo = {
    kind: "cpu",
    name: "",
    software: false,
    details: {},
  };
  let calls = 0;
  const coder: RowCoder = {
    decoder: MODEL,
    description: "",
    info,
    mostRows: 100,
    encode({ rows }) {
      const sparsity = ++calls;
      return Promise.resolve({
        rows,
        sparsity,
        indices: new Uint32Array(rows * sparsity).fill(calls),
        values: new Float32Array(rows * sparsity).fill(calls),
      });
    },
    close: () => Promise.resolve(),
  };
  const parts = codeRows(rowsFromArray(DATA, WIDTH), [coder]);
  const { value } = await parts.next();
  const [codes] = value!.codes;
  assert.equal(codes.rows, ROWS);
  assert.equal(codes.sparsity, calls);
  const slotsOf = (row: number) => [
    ...codes.values.subarray(row * calls, (row + 1) * calls),
  ];
  assert.deepEqual(slotsOf(0), [1, ...Array(calls - 1).fill(0)]);
  assert.deepEqual(slotsOf(ROWS - 1), Array(calls).fill(calls));
  assert.equal(codes.indices[1], 0xFFFFFFFF);
});

Deno.test("coderOn() takes no more rows at a time than its engine does", async () => {
  const engine = await createReferenceEngine(codingSpec(MODEL, 3));
  await engine.loadDictionary(MODEL.dictionary);
  let most = 0;
  const inner = engine.encode.bind(engine);
  engine.encode = (rows) => {
    most = Math.max(most, rows.rows);
    return inner(rows);
  };
  const coder = coderOn(engine, MODEL);
  for await (const _ of codeRows(rowsFromArray(DATA, WIDTH), [coder]));
  assert.equal(most, 3);
});

Deno.test("codeRows() refuses rows of another width", async () => {
  const coder = await engineCoder(MODEL, ENGINE);
  const source = rowsFromArray(DATA, WIDTH / 2);
  await assert.rejects(codeRows(source, [coder]).next(), {
    kind: "data",
    message: /Rows have 3 dimensions, the dictionary has 6/,
  });
});
