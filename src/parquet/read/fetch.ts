import {
  type ByteSource,
  heldBytes,
  type SyncBytes,
} from "../../files/bytes.ts";
import type { FetchedBytes } from "./fetched.ts";
import type { DecodeSpec } from "./decode.ts";
import type { Page } from "./pages.ts";

/** Reads the pages of a job ahead, for decoding where the file cannot be read. */
export async function fetchPages(
  source: ByteSource,
  spec: DecodeSpec,
  signal?: AbortSignal,
): Promise<FetchedBytes[]> {
  const pieces: FetchedBytes[] = [];
  await Promise.all(spec.columns.map(async ({ dictionary, pages }) => {
    const wanted = dictionary === undefined ? pages : [dictionary, ...pages];
    for (const { offset, end } of joinRanges(wanted)) {
      pieces.push({
        offset,
        bytes: await source.read(offset, end - offset, signal),
      });
    }
  }));
  return pieces;
}

/** Bytes of some ranges of a file. */
export function heldPieces(
  pieces: readonly FetchedBytes[],
): SyncBytes {
  return {
    readSync(offset, into) {
      const piece = pieces.find((p) =>
        offset >= p.offset && offset + into.length <= p.offset + p.bytes.length
      );
      if (piece === undefined) throw new RangeError("Bytes were not read");
      heldBytes(piece.offset, piece.bytes).readSync(offset, into);
    },
  };
}

// Pages that nearly touch are read together.
function joinRanges(pages: readonly Page[]): { offset: number; end: number }[] {
  const ranges: { offset: number; end: number }[] = [];
  for (const { offset, compressed } of pages) {
    const last = ranges[ranges.length - 1];
    if (
      last !== undefined && offset >= last.offset && offset - last.end < 65536
    ) last.end = offset + compressed;
    else ranges.push({ offset, end: offset + compressed });
  }
  return ranges;
}
