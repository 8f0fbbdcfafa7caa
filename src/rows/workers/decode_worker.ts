/// <reference lib="deno.worker" />
import { DbksvdError } from "../../errors.ts";
import { LocalFile } from "../bytes.ts";
import { PageDecoder } from "../parquet/decode.ts";
import { heldPieces } from "../parquet/fetch.ts";
import { Irregular } from "../parquet/values.ts";
import type { DecodeOutcome, DecodeReply, DecodeRequest } from "./messages.ts";

/** Files whose decoders are kept: jobs come from one file after the other. */
const KEPT_FILES = 4;
/** Jobs end where pages end, so that little is gained by keeping pages. */
const CACHE_BYTES = 8 * 2 ** 20;

const files = new Map<string, { file: LocalFile; decoder: PageDecoder }>();

self.onmessage = ({ data: request }: MessageEvent<DecodeRequest>) => {
  const outcome = answer(request);
  const reply: DecodeReply = { id: request.id, ...outcome };
  self.postMessage(reply, "data" in outcome ? [outcome.data.buffer] : []);
};

function answer({ spec, from }: DecodeRequest): DecodeOutcome {
  try {
    const rows = spec.endRow - spec.startRow;
    const data = new Float32Array(rows * spec.width);
    const decoder = "path" in from
      ? decoderOf(from.path)
      : new PageDecoder(heldPieces(from.pieces), 0);
    return { data, bad: decoder.decode(spec, data) };
  } catch (error) {
    if (error instanceof Irregular) return { irregular: true };
    const text = error instanceof Error ? error.message : String(error);
    const kind = error instanceof DbksvdError ? error.kind : undefined;
    return { error: text, kind };
  }
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
