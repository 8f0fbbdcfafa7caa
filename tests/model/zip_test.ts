import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { deflateRawSync } from "node:zlib";
import { DbksvdError } from "../../src/errors.ts";
import { npyParts, readNpy } from "../../src/files/npy.ts";
import { readZip, zipParts } from "../../src/files/zip.ts";

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

const values = Float32Array.from({ length: 12 }, (_, i) => i / 3);
const archive = () =>
  joined(zipParts({
    "a.npy": npyParts(values, [3, 4]),
    "b.npy": npyParts(values.subarray(0, 5), [5]),
  }));

Deno.test("readZip() and readNpy() read back what zipParts() and npyParts() wrote", () => {
  const members = readZip(archive());
  assert.deepEqual([...members.keys()], ["a.npy", "b.npy"]);
  const a = readNpy(members.get("a.npy")!, "a");
  assert.deepEqual([a.shape, a.data], [[3, 4], values]);
  const b = readNpy(members.get("b.npy")!, "b");
  assert.deepEqual([b.shape, b.data], [[5], values.slice(0, 5)]);
});

Deno.test("readZip() unpacks deflated members", () => {
  const stored = archive();
  const member = joined(npyParts(values, [3, 4]));
  const packed = deflateRawSync(member);
  // The archive's first member replaced by its deflated form.
  const one = joined(zipParts({ "a.npy": [member] }));
  const bytes = joined([
    one.subarray(0, 35),
    packed,
    one.subarray(35 + member.length),
  ]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, 8, true);
  view.setUint32(18, packed.length, true);
  const directory = 35 + packed.length;
  view.setUint16(directory + 10, 8, true);
  view.setUint32(directory + 20, packed.length, true);
  view.setUint32(bytes.length - 6, directory, true);
  assert.deepEqual(readZip(bytes).get("a.npy"), readZip(stored).get("a.npy"));
});

Deno.test("readZip() and readNpy() answer damaged bytes with a data error or what was stored", () => {
  const bytes = archive();
  const whole = readZip(bytes);
  const edits = fc.array(
    fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(edits, (changes) => {
      const damaged = bytes.slice();
      for (const [at, value] of changes) damaged[at] = value;
      try {
        for (const [, member] of readZip(damaged)) readNpy(member, "x");
      } catch (error) {
        assert.ok(
          error instanceof DbksvdError && error.kind === "data",
          String(error),
        );
      }
    }),
    { numRuns: 1500, seed: 3 },
  );
  assert.equal(whole.size, 2);
});

Deno.test("readNpy() refuses what it would misread", () => {
  const npy = (header: string, bytes: number) => {
    const text = new TextEncoder().encode(header);
    const file = new Uint8Array(10 + text.length + bytes);
    file.set([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, text.length, 0]);
    file.set(text, 10);
    return file;
  };
  const header = (descr: string, order: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const cases: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [npy(header("<f4", "True", "(2, 2)"), 16), /Fortran order/],
    [npy(header(">f4", "False", "(2,)"), 8), /type ">f4"/],
    [npy(header("<f4", "False", "(99999999999, 9)"), 8), /does not hold/],
    [npy(header("<f4", "False", "(3,)"), 8), /does not hold/],
    [npy("{}", 8), /header is damaged/],
    [new Uint8Array(20), /does not begin/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => readNpy(bytes, "x.npy"), message);
  }
});
