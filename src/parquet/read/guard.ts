// Walks Thrift compact structures without building them, so that a reader that trusts sizes is only given sound ones.

const STOP = 0, TRUE = 1, FALSE = 2, BYTE = 3, I16 = 4, I32 = 5, I64 = 6;
const DOUBLE = 7, BINARY = 8, LIST = 9, STRUCT = 12;
const MAX_DEPTH = 24;

/** Bytes do not hold a whole structure: more of them may. */
export class Truncated extends Error {}

/** Where a structure that begins at `offset` ends. */
export function structEnd(bytes: Uint8Array, offset: number): number {
  const walker = new Walker(bytes, offset);
  walker.struct(0);
  return walker.offset;
}

class Walker {
  constructor(readonly bytes: Uint8Array, public offset: number) {}

  struct(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error("Structures nest too deeply");
    for (let fields = 0;; fields++) {
      if (fields > 1000) throw new Error("Structure has too many fields");
      const head = this.#byte();
      const type = head & 15;
      if (type === STOP) return;
      if (head >> 4 === 0) this.#varint();
      this.#element(type, depth);
    }
  }

  #element(type: number, depth: number): void {
    if (type === TRUE || type === FALSE) return;
    if (type === BYTE) return this.#skip(1);
    if (type === I16 || type === I32 || type === I64) {
      this.#varint();
      return;
    }
    if (type === DOUBLE) return this.#skip(8);
    if (type === BINARY) return this.#skip(this.#varint());
    if (type === LIST) return this.#list(depth + 1);
    if (type === STRUCT) return this.struct(depth + 1);
    throw new Error(`Unknown field type ${type}`);
  }

  #list(depth: number): void {
    const head = this.#byte();
    const type = head & 15;
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every element takes a byte at least.
    if (size > this.bytes.length - this.offset) throw new Truncated();
    if (depth > MAX_DEPTH) throw new Error("Lists nest too deeply");
    for (let i = 0; i < size; i++) {
      if (type === TRUE || type === FALSE) this.#skip(1);
      else this.#element(type, depth);
    }
  }

  #byte(): number {
    if (this.offset >= this.bytes.length) throw new Truncated();
    return this.bytes[this.offset++];
  }

  #skip(count: number): void {
    if (count > this.bytes.length - this.offset) throw new Truncated();
    this.offset += count;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, size = 0; size < 10; scale *= 128, size++) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Error("Number is too long");
  }
}
