import assert from "node:assert/strict";
import { IdleLatents } from "../../src/autoencoder/idle.ts";

// Steps as a trainer takes them: each latent's rows since it was last active.
function steps(latents: number, options: { rows: number; all: number }) {
  const idle = new IdleLatents(latents, { sparsity: 1, ...options });
  const silent = new Uint32Array(latents);
  return {
    idle,
    step(rows: number, ...uses: number[]) {
      uses.forEach((used, j) => silent[j] = used > 0 ? 0 : silent[j] + rows);
      idle.after(rows);
      const { due } = idle;
      idle.note(silent);
      // Whether to ask is known before asking.
      assert.ok(due || idle.now.length === 0);
      return due;
    },
    begin(latents: number[]) {
      for (const latent of latents) silent[latent] = 0;
      idle.begin(latents);
    },
  };
}

Deno.test("IdleLatents finds those that were active in no row for two rounds, until they begin again", () => {
  const { idle, step, begin } = steps(3, { rows: 4000, all: 1e6 });
  for (let i = 0; i < 7; i++) step(1000, 5, 0, 0);
  assert.deepEqual(idle.now, []);
  step(1000, 0, 1, 0);
  assert.deepEqual(idle.now, [2]);
  for (let i = 0; i < 7; i++) step(1000, 0, 0, 0);
  assert.deepEqual(idle.now, [0, 2]);
  begin([2]);
  assert.deepEqual(idle.now, [0]);
  assert.equal(idle.helped, 1);
  for (let i = 0; i < 8; i++) step(1000, 1, 1, 0);
  assert.deepEqual(idle.now, [2]);
  begin([2]);
  assert.equal(idle.helped, 1);
});

Deno.test("IdleLatents need not be asked for before a latent can be idle", () => {
  const { idle, step } = steps(2, { rows: 4000, all: 1e6 });
  assert.equal(step(3000, 1, 0), false);
  assert.equal(step(2000, 1, 0), false);
  assert.equal(step(3000, 1, 0), true);
  assert.deepEqual(idle.now, [1]);
  assert.equal(step(1, 1, 1), true);
  for (let i = 0; i < 7; i++) assert.equal(step(1000, 1, 1), false);
  const blind = new IdleLatents(2, { sparsity: 1, rows: 4000, all: 1e6 });
  for (let i = 0; i < 7; i++) blind.after(1000);
  assert.equal(blind.due, false);
  blind.after(1000);
  assert.equal(blind.due, true);
});

Deno.test("IdleLatents waits a quarter of the training where rows are many, and for rare latents", () => {
  const many = steps(2, { rows: 1e9, all: 40_000 });
  many.step(9_999, 0, 1);
  assert.deepEqual(many.idle.now, []);
  many.step(1, 0, 1);
  assert.deepEqual(many.idle.now, [0]);
  const wide = new IdleLatents(8000, { sparsity: 2, rows: 10, all: 20 });
  wide.note(new Uint32Array(8000).fill(31_999));
  assert.deepEqual(wide.now, []);
  wide.note(new Uint32Array(8000).fill(32_000));
  assert.equal(wide.now.length, 8000);
});
