/// <reference lib="deno.worker" />
import { DbksvdError } from "../../errors.ts";
import { release } from "../../files/release.ts";
import { LocalFile } from "../../files/bytes.ts";
import { type DecodeSpec, PageDecoder } from "../../parquet/read/decode.ts";
import { heldPieces } from "../../parquet/read/fetch.ts";
import { Irregular } from "../../parquet/read/values.ts";
import type {
  DecodeJob,
  DecodeOutcome,
  DecodeReply,
  DecodeRequest,
} from "./messages.ts";

/** Files whose decoders are kept: jobs come from one file after the other. */
const KEPT_FILES = 4;
/**
 * Jobs end where pages end: no page but the last is asked for again, and memory that is let go of soon is still
 * cached.
 */
const CACHE_BYTES = 0;

const files = new Map<string, { file: LocalFile; decoder: PageDecoder }>();

self.onmessage = ({ data }: MessageEvent<DecodeRequest>) => {
  const { jobs, buffers } = data;
  const outcomes = jobs.map((job) => answer(job, buffers));
  const reply: DecodeReply = { outcomes, buffers };
  self.postMessage(reply, buffers.map(({ buffer }) => buffer));
};

function answer(
  { spec, from, slices }: DecodeJob,
  buffers: readonly Float32Array[],
): DecodeOutcome {
  try {
    const decoder = "path" in from
      ? decoderOf(from.path)
      : new PageDecoder(heldPieces(from.pieces), CACHE_BYTES);
    const places = slices.map(({ rows, buffer, at }) =>
      buffers[buffer].subarray(at, at + rows * spec.width)
    );
    const scalar = spec.columns.length > 1;
    return {
      bad: scalar
        ? together(decoder, spec, places)
        : oneByOne(decoder, spec, places),
    };
  } catch (error) {
    if (error instanceof Irregular) return { irregular: true };
    const text = error instanceof Error ? error.message : String(error);
    const kind = error instanceof DbksvdError ? error.kind : undefined;
    return { error: text, kind };
  }
}

function oneByOne(
  decoder: PageDecoder,
  spec: DecodeSpec,
  places: readonly Float32Array[],
): number[] {
  const bad: number[] = [];
  let { startRow } = spec;
  for (const place of places) {
    const endRow = startRow + place.length / spec.width;
    for (const row of decoder.decode({ ...spec, startRow, endRow }, place)) {
      bad.push(startRow - spec.startRow + row);
    }
    startRow = endRow;
  }
  return bad;
}

// Rows of scalar columns lie in as many pages, which are decoded once for all places.
function together(
  decoder: PageDecoder,
  spec: DecodeSpec,
  places: readonly Float32Array[],
): number[] {
  if (places.length === 1) return decoder.decode(spec, places[0]);
  const all = new Float32Array((spec.endRow - spec.startRow) * spec.width);
  const bad = decoder.decode(spec, all);
  let at = 0;
  for (const place of places) {
    place.set(all.subarray(at, at + place.length));
    at += place.length;
  }
  release(all.buffer);
  return bad;
}

function decoderOf(path: string): PageDecoder {
  let held = files.get(path);
  if (held === undefined) {
    const file = new LocalFile(path);
    held = { file, decoder: new PageDecoder(file, CACHE_BYTES) };
    files.set(path, held);
    for (const [oldest, { file }] of files) {
      if (files.size <= KEPT_FILES) break;
      file.close();
      files.delete(oldest);
    }
  }
  return held.decoder;
}
