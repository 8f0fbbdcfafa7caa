import { type ByteSource, heldBytes } from "../../files/bytes.ts";
import type { Leaf } from "./columns.ts";
import { type Chunk, walkPages } from "./pages.ts";
import { readDictionaryBytes, readPayload } from "./payload.ts";
import {
  decodeThroughHyparquet,
  dictionaryThroughHyparquet,
} from "./through_hyparquet.ts";

/** The data pages of a column chunk in their order, each with its payload and its values of whatever type. */
export async function* decodedPages(
  source: ByteSource,
  chunk: Chunk,
  leaf: Leaf,
  pageLimit: number,
) {
  let dictionary: ReturnType<typeof dictionaryThroughHyparquet> | undefined;
  for await (const page of walkPages(source, chunk, pageLimit)) {
    const stored = await source.read(page.offset, page.compressed);
    const bytes = heldBytes(page.offset, stored);
    if (page.version === 0) {
      const plain = readDictionaryBytes(bytes, page, chunk.codec);
      dictionary = dictionaryThroughHyparquet(page, plain, leaf);
      continue;
    }
    const payload = readPayload(bytes, page, leaf, chunk.codec);
    const decoded = decodeThroughHyparquet(page, payload, leaf, dictionary);
    yield { page, payload, decoded };
  }
}
