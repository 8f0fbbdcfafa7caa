import assert from "node:assert/strict";
import { readZip, zipParts } from "../../src/files/zip.ts";

Deno.test("readZip() refuses members that share their bytes, which would unpack to far more than the file", async () => {
  const whole = await new Blob(
    zipParts({ "a.npy": [new Uint8Array(5000)] }) as Uint8Array<ArrayBuffer>[],
  ).bytes();
  assert.equal(readZip(whole).get("a.npy")?.length, 5000);
  const end = whole.length - 22;
  const start = new DataView(whole.buffer).getUint32(end + 16, true);
  const entry = whole.slice(start, end);
  const many = 60_000;
  const bomb = await new Blob([
    whole.subarray(0, start),
    ...Array.from({ length: many }, () => entry),
    whole.subarray(end),
  ]).bytes();
  const view = new DataView(bomb.buffer);
  view.setUint16(bomb.length - 22 + 10, many, true);
  const before = Deno.memoryUsage().rss;
  assert.throws(() => readZip(bomb), /members share their bytes/);
  assert(Deno.memoryUsage().rss - before < 64 * 2 ** 20);
});
