const KINDS = { Float32Array, Float64Array, Uint32Array } as const;

type Kind = keyof typeof KINDS;

/**
 * Arrays that an engine works in, used again by the next call: made anew for every iteration, they would leave the
 * process's memory in pieces that the system does not get back. They hold what was last written to them, and must not
 * leave the engine.
 */
export class Workspace {
  readonly #buffers = new Map<string, ArrayBuffer>();

  /** An array of a name's memory; every other array of that name is void. */
  array<K extends Kind>(
    kind: K,
    name: string,
    length: number,
  ): InstanceType<typeof KINDS[K]> {
    const bytes = length * KINDS[kind].BYTES_PER_ELEMENT;
    let buffer = this.#buffers.get(name);
    if (buffer === undefined || buffer.byteLength < bytes) {
      buffer = new ArrayBuffer(bytes);
      this.#buffers.set(name, buffer);
    }
    return new KINDS[kind](buffer, 0, length) as InstanceType<typeof KINDS[K]>;
  }
}
