/** Bytes that are sent at a time: a transfer that gets on is seen to get on. */
const PIECE_BYTES = 2 ** 16;

/**
 * A request's body from bytes in parts, which are not copied. Its length is sent first: storage that takes
 * files by signed addresses refuses bodies of unknown length, which streams are.
 */
export class PartsBody extends Blob {
  readonly #parts: readonly Uint8Array[];
  readonly #onSent: ((bytes: number) => void) | undefined;
  readonly #size: number;

  /**
   * @param parts the bytes, in order
   * @param onSent called with how many more are on their way
   */
  constructor(
    parts: readonly Uint8Array[],
    onSent?: (bytes: number) => void,
  ) {
    super();
    this.#parts = parts;
    this.#onSent = onSent;
    this.#size = parts.reduce((sum, part) => sum + part.length, 0);
  }

  override get size(): number {
    return this.#size;
  }

  /** The same bytes; what is sent of them is reported as well. */
  counted(onSent: (bytes: number) => void): PartsBody {
    return new PartsBody(this.#parts, (bytes) => {
      this.#onSent?.(bytes);
      onSent(bytes);
    });
  }

  /** Some of the bytes: start ≤ byte < end. */
  override slice(start = 0, end = this.size): PartsBody {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const part of this.#parts) {
      const from = Math.max(0, start - at),
        to = Math.min(part.length, end - at);
      if (from < to) parts.push(part.subarray(from, to));
      at += part.length;
    }
    return new PartsBody(parts, this.#onSent);
  }

  /** The bytes in pieces. */
  *pieces(): Generator<Uint8Array<ArrayBuffer>> {
    for (const part of this.#parts) {
      for (let at = 0; at < part.length; at += PIECE_BYTES) {
        // Copied: who is given a piece may take it away.
        yield new Uint8Array(part.subarray(at, at + PIECE_BYTES));
      }
    }
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pieces = this.pieces();
    return new ReadableStream({
      pull: (controller) => {
        const { value, done } = pieces.next();
        if (done) return controller.close();
        this.#onSent?.(value.length);
        controller.enqueue(value);
      },
    });
  }
}
