// Numbers as WebAssembly's binary format has them (specification, section 5.2).

/** LEB128 of a whole number ≥ 0. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push(left % 128 + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return bytes;
}

/** Signed LEB128 of a whole number. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left < -64 || left >= 64) {
    bytes.push((left % 128 + 128) % 128 + 128);
    left = Math.floor(left / 128);
  }
  bytes.push((left + 128) % 128);
  return bytes;
}

/** A vector: its length, then its items. */
export function vector(items: readonly (readonly number[])[]): number[] {
  return unsigned(items.length).concat(...items);
}

/** A name, in UTF-8. */
export function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return unsigned(bytes.length).concat(bytes);
}

/** A section or a function body: its size, then its bytes. */
export function sized(bytes: readonly number[]): number[] {
  return unsigned(bytes.length).concat(bytes);
}
