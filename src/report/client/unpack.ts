// Gives back what pack.ts packed.

const ARRAY_TYPES = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Uint32Array,
  Float32Array,
  Float64Array,
};

type Place = [keyof typeof ARRAY_TYPES, number, number];

/** The values and arrays of one packed part, in one object. */
export async function unpackPart<T>(text: string): Promise<T> {
  const packed = fromBase64(text);
  const stream = new Blob([packed]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const headerLength = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)),
  );
  const start = Math.ceil((4 + headerLength) / 8) * 8;
  const part: Record<string, unknown> = { ...header.values };
  for (const [name, place] of Object.entries(header.arrays)) {
    const [type, offset, length] = place as Place;
    part[name] = new ARRAY_TYPES[type](buffer, start + offset, length);
  }
  return part as T;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (typeof Uint8Array.fromBase64 === "function") {
    return Uint8Array.fromBase64(text);
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
