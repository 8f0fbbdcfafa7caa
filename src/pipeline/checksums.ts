import { createHash } from "node:crypto";
import { openRemote } from "../net/open.ts";
import type { FoundInput, InputPlaces } from "./inputs.ts";

const TAIL_BYTES = 65536;
/** Files on servers that give no parts are read whole, up to this size. */
const WHOLE_BYTES = 512 * 2 ** 20;

/** What tells an input's content from another's. */
export interface Checksums {
  /** SHA-256 of the content; of a URL, of its version, size and tail. */
  checksum: string;
  /** SHA-256 of the last 64 KiB, where Parquet keeps its footer. */
  footer: string;
}

/** Reads an input's checksums. */
export async function checksumsOf(
  input: FoundInput,
  options: Pick<InputPlaces, "signal" | "retry" | "onNotice"> = {},
): Promise<Checksums> {
  return typeof input.location === "string"
    ? await fileChecksums(input.location, options.signal)
    : await webChecksums(input, options);
}

async function fileChecksums(
  path: string,
  signal?: AbortSignal,
): Promise<Checksums> {
  const whole = createHash("sha256");
  const tail = createHash("sha256");
  using file = await Deno.open(path);
  const tailStart = Math.max(0, (await file.stat()).size - TAIL_BYTES);
  const buffer = new Uint8Array(1 << 20);
  let at = 0;
  for (;;) {
    signal?.throwIfAborted();
    const count = await file.read(buffer);
    if (count === null) break;
    const bytes = buffer.subarray(0, count);
    whole.update(bytes);
    if (at + count > tailStart) {
      tail.update(bytes.subarray(Math.max(0, tailStart - at)));
    }
    at += count;
  }
  return { checksum: whole.digest("hex"), footer: tail.digest("hex") };
}

async function webChecksums(
  { location, stamp, size }: FoundInput,
  options: Pick<InputPlaces, "signal" | "retry" | "onNotice">,
): Promise<Checksums> {
  if (typeof location === "string") throw new TypeError("Not a remote place");
  const file = await openRemote(location, options, WHOLE_BYTES);
  const length = Math.min(TAIL_BYTES, file.size);
  const tail = await file.read(file.size - length, length, options.signal);
  const footer = createHash("sha256").update(tail).digest("hex");
  const checksum = createHash("sha256")
    .update(`${stamp}|${size}|${footer}`).digest("hex");
  return { checksum, footer };
}
