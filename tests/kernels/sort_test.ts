import assert from "node:assert/strict";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { listWords, UPDATE_WORDS } from "../../src/engine/gpu/layout.ts";
import { flatThreads } from "../../src/engine/gpu/stages/common.ts";
import {
  countKernel,
  LIST_PIECE,
  offsetsKernel,
  scatterKernel,
  startsKernel,
} from "../../src/engine/gpu/stages/lists.ts";
import { permutation, randomStream } from "../../src/random.ts";
import { type Bench, onDevice } from "./harness.ts";

const ROWS = 403, ATOMS = 29, K = 3, KT = 5, SLOT = 1, FIRST = 10, BLOCK = 37;

interface Codes {
  indices: Uint32Array;
  order: Uint32Array;
  turns: Uint32Array;
}

// Distinct atoms FIRST … FIRST + ATOMS − 1 in slots 1, 2, 3 of five, some slots empty at the end.
function drawCodes(): Codes {
  const random = randomStream(9, "sort");
  const indices = new Uint32Array(ROWS * KT).fill(EMPTY_SLOT);
  for (let row = 0; row < ROWS; row++) {
    const atoms = permutation(ATOMS, random), used = random.integer(K + 1);
    for (let s = 0; s < used; s++) {
      indices[row * KT + SLOT + s] = FIRST + Math.floor(atoms[s] ** 2 / ATOMS);
    }
    const slots = indices.subarray(row * KT + SLOT, row * KT + SLOT + K);
    const distinct = [...new Set(slots)].filter((j) => j !== EMPTY_SLOT);
    slots.fill(EMPTY_SLOT);
    slots.set(distinct);
  }
  const order = new Uint32Array(FIRST + ATOMS), turns = order.slice();
  permutation(ATOMS, random).forEach((atom, turn) => {
    order[FIRST + turn] = FIRST + atom;
    turns[FIRST + atom] = FIRST + turn;
  });
  return { indices, order, turns };
}

async function sortOnDevice(
  bench: Bench,
  { indices, order, turns }: Codes,
  { batch, local }: { batch: number; local: boolean },
) {
  const blocks = Math.ceil(ROWS / BLOCK), atoms = batch === 0, keys = ATOMS;
  const buffers = {
    indices: bench.buffer(indices),
    turns: bench.buffer(turns),
    order: bench.buffer(order),
    ranks: bench.buffer(4 * ROWS * K),
    counts: bench.buffer(4 * blocks * keys),
    seen: bench.buffer(4 * blocks * keys),
    totals: bench.buffer(4 * keys),
    updates: bench.buffer(4 * UPDATE_WORDS * keys),
    usage: bench.buffer(4 * order.length),
    lists: bench.buffer(4 * listWords(keys, ROWS * K).words),
  };
  const place = {
    rows: ROWS,
    slot: SLOT,
    block: BLOCK,
    first: FIRST,
    keys,
    batch: Math.max(1, batch),
  };
  const sizes = { K, KT, KEYS: keys, LISTKEYS: keys };
  const values = { ...sizes, BATCHES: !atoms, LOCAL: local };
  const scatter = scatterKernel(bench.context, values);
  const threads = flatThreads(bench.context);
  await bench.run(countKernel(bench.context, values), buffers, place, blocks);
  await bench.run(
    offsetsKernel(bench.context),
    buffers,
    { keys, blocks },
    Math.ceil(keys / threads),
  );
  await bench.run(
    startsKernel(bench.context, { ATOMS: atoms, LISTKEYS: keys }),
    buffers,
    { keys, piece: LIST_PIECE, first: FIRST },
    1,
  );
  await bench.run(scatter, buffers, place, Math.ceil(ROWS * K / threads));
  const { entriesAt, words } = listWords(keys, ROWS * K);
  const starts = await bench.words(buffers.lists, words);
  const lists = starts.subarray(entriesAt);
  return {
    lists: Array.from(
      { length: keys },
      (_, key) => [...lists.subarray(starts[key], starts[key + 1])],
    ),
    usage: await bench.words(buffers.usage, order.length),
  };
}

for (const local of [true, false]) {
  const where = local ? "workgroup memory" : "a buffer";
  Deno.test(`the counting sort lists slots by atom, rows ascending, tallied in ${where}`, async () => {
    const codes = drawCodes();
    await onDevice(async (bench) => {
      const { lists, usage } = await sortOnDevice(bench, codes, {
        batch: 0,
        local,
      });
      for (let turn = 0; turn < ATOMS; turn++) {
        const atom = codes.order[FIRST + turn];
        const exact = [...codes.indices.keys()]
          .filter((e) => codes.indices[e] === atom);
        assert.deepEqual(lists[turn], exact);
        assert.equal(usage[atom], exact.length);
      }
    });
  });

  Deno.test(`the counting sort lists rows once an atom batch, by one of their atoms in it, tallied in ${where}`, async () => {
    const codes = drawCodes(), batch = 4;
    await onDevice(async (bench) => {
      const { lists } = await sortOnDevice(bench, codes, { batch, local });
      const rowsOf = (turn: number) =>
        [...codes.indices.keys()].filter((e) =>
          codes.indices[e] === codes.order[FIRST + turn]
        ).map((e) => Math.floor(e / KT));
      for (let begin = 0; begin < ATOMS; begin += batch) {
        const turns = [...codes.order.keys()]
          .slice(begin, Math.min(begin + batch, ATOMS));
        const touched = new Set(turns.flatMap(rowsOf));
        const listed = turns.flatMap((turn) => lists[turn]);
        assert.deepEqual(
          listed.toSorted((a, b) => a - b),
          [...touched].toSorted((a, b) => a - b),
        );
        for (const turn of turns) {
          const its = new Set(rowsOf(turn));
          assert(lists[turn].every((row) => its.has(row)));
          assert.deepEqual(lists[turn], lists[turn].toSorted((a, b) => a - b));
        }
      }
    });
  });
}
