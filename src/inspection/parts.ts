/** A part of what is kept, as it is stored: an array's bytes, or JSON. */
export interface StoredPart {
  /** Where it stands: names with dots between. */
  name: string;
  /** The array's type, or `json`. */
  kind: string;
  data: Uint8Array;
}

const ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
};

type StoredArray = InstanceType<typeof ARRAYS[keyof typeof ARRAYS]>;

function isStoredArray(value: unknown): value is StoredArray {
  return ArrayBuffer.isView(value) && value.constructor.name in ARRAYS;
}

/** The parts of what is kept: every array by itself, everything else as one JSON document. */
export function partsOf(found: object): StoredPart[] {
  const parts: StoredPart[] = [];
  const json = JSON.stringify(withoutArrays(found, "", parts));
  parts.push({ name: "", kind: "json", data: new TextEncoder().encode(json) });
  return parts;
}

function withoutArrays(
  value: unknown,
  name: string,
  parts: StoredPart[],
): unknown {
  if (isStoredArray(value)) {
    const { buffer, byteOffset, byteLength } = value;
    const kind = value.constructor.name;
    parts.push({
      name,
      kind,
      data: new Uint8Array(buffer, byteOffset, byteLength),
    });
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      withoutArrays(inner, name === "" ? key : `${name}.${key}`, parts),
    ]),
  );
}

/** What parts were made of. */
export function whole<T>(parts: readonly StoredPart[]): T {
  const json = parts.find(({ kind }) => kind === "json");
  if (json === undefined) throw new TypeError("No JSON among the parts");
  const root = JSON.parse(new TextDecoder().decode(json.data));
  for (const { name, kind, data } of parts) {
    if (kind === "json") continue;
    const path = name.split(".");
    const last = path.pop()!;
    const holder = path.reduce((at, key) => at[key] ??= {}, root);
    const bytes = data.slice().buffer;
    holder[last] = new ARRAYS[kind as keyof typeof ARRAYS](bytes);
  }
  return root;
}
