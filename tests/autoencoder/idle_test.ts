import assert from "node:assert/strict";
import { IdleLatents } from "../../src/autoencoder/idle.ts";

Deno.test("IdleLatents finds those that were active in no row for two rounds, until they begin again", () => {
  const idle = new IdleLatents(3, { sparsity: 1, rows: 4000, all: 1e6 });
  const step = (...uses: number[]) => idle.after(Uint32Array.from(uses), 1000);
  for (let i = 0; i < 7; i++) step(5, 0, 0);
  assert.deepEqual(idle.now, []);
  step(0, 1, 0);
  assert.deepEqual(idle.now, [2]);
  for (let i = 0; i < 7; i++) step(0, 0, 0);
  assert.deepEqual(idle.now, [0, 2]);
  idle.begin([2]);
  assert.deepEqual(idle.now, [0]);
  assert.equal(idle.helped, 1);
  for (let i = 0; i < 8; i++) step(1, 1, 0);
  assert.deepEqual(idle.now, [2]);
  idle.begin([2]);
  assert.equal(idle.helped, 1);
});

Deno.test("IdleLatents waits a quarter of the training where rows are many, and for rare latents", () => {
  const many = new IdleLatents(2, { sparsity: 1, rows: 1e9, all: 40_000 });
  many.after(Uint32Array.of(0, 1), 9_999);
  assert.deepEqual(many.now, []);
  many.after(Uint32Array.of(0, 1), 1);
  assert.deepEqual(many.now, [0]);
  const wide = new IdleLatents(8000, { sparsity: 2, rows: 10, all: 20 });
  wide.after(new Uint32Array(8000), 31_999);
  assert.deepEqual(wide.now, []);
  wide.after(new Uint32Array(8000), 1);
  assert.equal(wide.now.length, 8000);
});
