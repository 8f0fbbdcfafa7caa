import type {
  AsyncBuffer,
  CompressionCodec,
  Compressors,
  FileMetaData,
  SchemaElement,
  SchemaTree,
} from "hyparquet";
import { parquetReadObjects, parquetSchema } from "hyparquet";
import type { ByteSource } from "../bytes.ts";
import type { RowRange } from "../delivery.ts";
import type { TableColumn } from "../part.ts";
import { CODECS, decompress } from "./codecs.ts";
import { readFooter } from "./footer.ts";

/** Values are read in slabs of about this many bytes as stored uncompressed, and the last slab is kept. */
const SLAB_BYTES = 32 * 2 ** 20;

interface Slab extends RowRange {
  names: string;
  rows: Record<string, unknown>[];
}

/** The columns of a table that hold no vectors, read by hyparquet. */
export class SideColumns {
  #metadata?: Promise<FileMetaData>;
  #slab?: Slab;

  constructor(
    readonly source: ByteSource,
    readonly vectors: readonly string[],
    readonly budget: number,
  ) {}

  /** The columns with their schemas. */
  async columns(): Promise<TableColumn[]> {
    const tree = parquetSchema(await this.#read());
    return tree.children
      .filter(({ element }) => !this.vectors.includes(element.name))
      .map((node) => ({ name: node.element.name, schema: flatten(node) }));
  }

  /** Values of columns for some rows of the file. */
  async read(
    names: readonly string[],
    { start, end }: RowRange,
  ): Promise<Record<string, unknown[]>> {
    const values = Object.fromEntries(
      names.map((name) => [name, [] as unknown[]]),
    );
    for (let row = start; row < end;) {
      const slab = await this.#slabWith(names, row);
      const stop = Math.min(end, slab.end);
      for (; row < stop; row++) {
        const from = slab.rows[row - slab.start];
        for (const name of names) values[name].push(from[name] ?? null);
      }
    }
    return values;
  }

  async #slabWith(names: readonly string[], row: number): Promise<Slab> {
    const key = names.join("\0");
    const held = this.#slab;
    if (
      held !== undefined && held.names === key &&
      row >= held.start && row < held.end
    ) return held;
    const metadata = await this.#read();
    const range = slabRange(metadata, names, row);
    const rows = await parquetReadObjects({
      file: asyncBuffer(this.source),
      metadata,
      columns: [...names],
      rowStart: range.start,
      rowEnd: range.end,
      compressors: COMPRESSORS,
      useOffsetIndex: true,
    });
    this.#slab = { ...range, names: key, rows };
    return this.#slab;
  }

  #read(): Promise<FileMetaData> {
    this.#metadata ??= readFooter(this.source, this.budget)
      .then(({ metadata }) => metadata);
    return this.#metadata;
  }
}

const COMPRESSORS: Compressors = Object.fromEntries(
  CODECS.map((codec) => [
    codec,
    (input: Uint8Array, size: number) => decompress(codec, input, size),
  ]),
) as { [K in CompressionCodec]?: Compressors[K] };

function asyncBuffer(source: ByteSource): AsyncBuffer {
  return {
    byteLength: source.size,
    slice: async (start, end = source.size) =>
      (await source.read(start, end - start)).buffer,
  };
}

// A part of the row group that the row lies in: all of it, unless its columns are large.
function slabRange(
  metadata: FileMetaData,
  names: readonly string[],
  row: number,
): RowRange {
  let start = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (row < start + rows) {
      let bytes = 0;
      for (const { meta_data } of group.columns) {
        if (meta_data && names.includes(meta_data.path_in_schema[0])) {
          bytes += Number(meta_data.total_uncompressed_size);
        }
      }
      const pieces = Math.min(rows, Math.max(1, Math.ceil(bytes / SLAB_BYTES)));
      const size = Math.ceil(rows / pieces);
      const first = start + Math.floor((row - start) / size) * size;
      return { start: first, end: Math.min(first + size, start + rows) };
    }
    start += rows;
  }
  throw new RangeError(`Row ${row} is beyond the file`);
}

function flatten({ element, children }: SchemaTree): SchemaElement[] {
  return [element, ...children.flatMap(flatten)];
}
