import { gzipSync } from "node:zlib";

/** Arrays that travel to the browser. */
export type PackedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array;

const ALIGNMENT = 8;

/**
 * Packs values and typed arrays into one text for a page: base64 of gzip of a u32 header length, a JSON header, and the
 * arrays, little-endian and aligned to 8 bytes. Nothing of the data is left readable by an HTML parser.
 *
 * @param values whatever JSON can hold
 * @param arrays typed arrays by name; `client/unpack.ts` gives them back under the same names
 */
export function packPart(
  values: Readonly<Record<string, unknown>>,
  arrays: Readonly<Record<string, PackedArray>>,
): string {
  const places: Record<string, [string, number, number]> = {};
  let end = 0;
  for (const [name, array] of Object.entries(arrays)) {
    places[name] = [array.constructor.name, end, array.length];
    end = aligned(end + array.byteLength);
  }
  const header = new TextEncoder().encode(
    JSON.stringify({ values, arrays: places }),
  );
  const start = aligned(4 + header.length);
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 4);
  for (const [name, array] of Object.entries(arrays)) {
    const { buffer, byteOffset, byteLength } = array;
    bytes.set(
      new Uint8Array(buffer, byteOffset, byteLength),
      start + places[name][1],
    );
  }
  return gzipSync(bytes).toString("base64");
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
