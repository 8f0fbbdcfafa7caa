import assert from "node:assert/strict";
import { RowBuffers } from "../../src/rows/buffers.ts";

Deno.test("RowBuffers gives memory again that was given back", () => {
  const buffers = new RowBuffers(1000);
  const first = buffers.take(100).fill(7);
  buffers.give(first);
  const second = buffers.take(90);
  assert.equal(second.length, 90);
  assert.equal(second.buffer.byteLength, 400);
  assert.ok(second.every((value) => value === 7));
  assert.equal(buffers.take(90).buffer.byteLength, 360);
});

Deno.test("RowBuffers does not spend large buffers on a few rows", () => {
  const buffers = new RowBuffers(1000);
  buffers.give(buffers.take(100));
  assert.equal(buffers.take(50).buffer.byteLength, 200);
});

Deno.test("RowBuffers keeps no more than it may, but always the last one", () => {
  const buffers = new RowBuffers(1000);
  const given = [100, 110, 120].map((floats) => buffers.take(floats));
  for (const data of given) buffers.give(data);
  assert.equal(buffers.take(96).buffer.byteLength, 480);
  assert.equal(buffers.take(96).buffer.byteLength, 440);
  assert.equal(buffers.take(96).buffer.byteLength, 384);
  const large = buffers.take(1000);
  buffers.give(large);
  assert.equal(buffers.take(900).buffer.byteLength, 4000);
});

Deno.test("RowBuffers takes no buffer that went elsewhere", () => {
  const buffers = new RowBuffers(1000);
  const data = buffers.take(10);
  structuredClone(data, { transfer: [data.buffer] });
  buffers.give(data);
  assert.equal(buffers.take(10).buffer.byteLength, 40);
});
