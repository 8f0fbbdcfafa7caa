import { writeError } from "./atomic.ts";

// Reversed CRC-32C polynomial (Castagnoli), as TFRecord frames use it; zlib's is another one.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return crc;
});

/** TFRecord's masked CRC-32C of some bytes: rotated right by 15 bits, plus a constant. */
export function maskedCrc(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord: length, its checksum, the message, its checksum. */
function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(16 + message.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(message, 12);
  view.setUint32(12 + message.length, maskedCrc(message), true);
  return record;
}

const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

function field(number: number, type: number, contents: Uint8Array): number[] {
  const head = [number << 3 | type];
  if (type === BYTES) head.push(...varint(contents.length));
  return [...head, ...contents];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) {
    bytes.push(value % 128 | 128);
  }
  return [...bytes, value];
}

const text = (words: string) => new TextEncoder().encode(words);
const double = (value: number) => new Uint8Array(Float64Array.of(value).buffer);
const float = (value: number) => new Uint8Array(Float32Array.of(value).buffer);

/** TensorBoard's `Event` with one scalar in its summary (tensorflow/core/util/event.proto). */
function scalarEvent(
  seconds: number,
  step: number,
  tag: string,
  value: number,
): Uint8Array {
  const entry = [
    ...field(1, BYTES, text(tag)),
    ...field(2, FIXED_32, float(value)),
  ];
  const summary = field(1, BYTES, new Uint8Array(entry));
  return new Uint8Array([
    ...field(1, FIXED_64, double(seconds)),
    2 << 3,
    ...varint(step),
    ...field(5, BYTES, new Uint8Array(summary)),
  ]);
}

/**
 * A TensorBoard event file: scalars over steps. TensorBoard shows all files of a folder as one run, so a training
 * that was resumed goes on in a file of its own.
 */
export class EventFile implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(readonly path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /**
   * Begins a file in a folder, which is made where it is missing.
   *
   * @param folder the run's folder, one that `tensorboard --logdir` is given, or one in it
   * @param now seconds since 1970
   * @throws {DbksvdError} `run` where the file system refuses
   */
  static open(folder: string, now: number = Date.now() / 1000): EventFile {
    const unique = crypto.randomUUID().slice(0, 8);
    const path = `${folder}/events.out.tfevents.${
      Math.floor(now)
    }.dbksvd.${unique}`;
    try {
      Deno.mkdirSync(folder, { recursive: true });
      const events = new EventFile(path);
      events.#write(framed(
        new Uint8Array([
          ...field(1, FIXED_64, double(now)),
          ...field(3, BYTES, text("brain.Event:2")),
        ]),
      ));
      return events;
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** How many of such files a folder holds: TensorBoard draws all of them as one line. */
  static countIn(folder: string): number {
    try {
      return [...Deno.readDirSync(folder)]
        .filter(({ name }) => /^events\.out\.tfevents\./.test(name)).length;
    } catch {
      return 0;
    }
  }

  /**
   * Adds scalars of one step; what is not a finite number is left out.
   *
   * @param step the training's own count
   * @param scalars values by tag: tags with a common beginning (`fvu/…`) stand together
   * @param now seconds since 1970
   * @throws {DbksvdError} `run` where the file system refuses
   */
  add(
    step: number,
    scalars: Readonly<Record<string, number | undefined>>,
    now: number = Date.now() / 1000,
  ): void {
    for (const [tag, value] of Object.entries(scalars)) {
      if (value === undefined || !Number.isFinite(value)) continue;
      this.#write(framed(scalarEvent(now, step, tag, value)));
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      while (bytes.length > 0) {
        bytes = bytes.subarray(this.#file.writeSync(bytes));
      }
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
