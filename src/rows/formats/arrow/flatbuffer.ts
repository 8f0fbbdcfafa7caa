/**
 * A table of a FlatBuffers message, read by the places of its fields. Whatever the bytes claim, reading beyond them
 * is a `RangeError`. Format: google/flatbuffers, docs "FlatBuffer internals".
 */
export class Table {
  constructor(readonly view: DataView, readonly at: number) {}

  /** The message's root. */
  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Table(view, view.getUint32(0, true));
  }

  // Where a field's value is; 0: it is left out.
  #place(field: number): number {
    const { view, at } = this;
    const fields = at - view.getInt32(at, true);
    const slot = 4 + 2 * field;
    if (slot >= view.getUint16(fields, true)) return 0;
    const offset = view.getUint16(fields + slot, true);
    return offset === 0 ? 0 : at + offset;
  }

  /** An unsigned byte: an enumeration, or the kind of a union. */
  byte(field: number, otherwise = 0): number {
    const place = this.#place(field);
    return place === 0 ? otherwise : this.view.getUint8(place);
  }

  /** A 16-bit number. */
  short(field: number, otherwise = 0): number {
    const place = this.#place(field);
    return place === 0 ? otherwise : this.view.getInt16(place, true);
  }

  /** A 32-bit number. */
  int(field: number, otherwise = 0): number {
    const place = this.#place(field);
    return place === 0 ? otherwise : this.view.getInt32(place, true);
  }

  /** A 64-bit number; beyond 2⁵³ it is refused. */
  long(field: number, otherwise = 0): number {
    const place = this.#place(field);
    return place === 0 ? otherwise : longAt(this.view, place);
  }

  /** Another table. */
  table(field: number): Table | undefined {
    const place = this.#place(field);
    return place === 0 ? undefined : this.#to(place);
  }

  /** A vector of tables. */
  tables(field: number): Table[] {
    const { start, length } = this.vector(field, 4);
    return Array.from({ length }, (_, i) => this.#to(start + 4 * i));
  }

  /** Where a vector's elements begin, and how many there are; each takes `size` bytes. */
  vector(field: number, size: number): { start: number; length: number } {
    const place = this.#place(field);
    if (place === 0) return { start: 0, length: 0 };
    const at = place + this.view.getUint32(place, true);
    const length = this.view.getUint32(at, true);
    if (length * size > this.view.byteLength - at - 4) {
      throw new RangeError("Vector is longer than its message");
    }
    return { start: at + 4, length };
  }

  /** A text. */
  text(field: number): string {
    const { start, length } = this.vector(field, 1);
    const { buffer, byteOffset } = this.view;
    return new TextDecoder().decode(
      new Uint8Array(buffer, byteOffset + start, length),
    );
  }

  #to(place: number): Table {
    return new Table(this.view, place + this.view.getUint32(place, true));
  }
}

/** A little-endian 64-bit number that is a safe integer. */
export function longAt(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError("Number is beyond 2^53");
}
