import {
  ELEMENT_BYTES,
  type ElementType,
} from "../../../parquet/read/columns.ts";
import type { RowRange } from "../../block_store.ts";
import type { TableColumn } from "../../part.ts";
import type { ArrowNode, ArrowTable, Dictionaries } from "./batches.ts";
import type { BufferReader } from "./reader.ts";
import type { ArrowType } from "./schema.ts";
import { sameName } from "../../../parquet/read/chunk.ts";
import { parquetSchema, unreadType } from "./parquet_schema.ts";

/** Reads the columns that hold no vectors, with values as hyparquet gives them. */
export class ArrowSide {
  /** Dictionaries that were read, and those whose values are exact. */
  readonly #read: WordLists = new Map();
  readonly #readExactly: WordLists = new Map();

  /**
   * @param reader the file
   * @param table its metadata
   * @param vectors the place of the column with the vectors
   */
  constructor(
    readonly reader: BufferReader,
    readonly table: ArrowTable,
    readonly vectors: number,
  ) {}

  /** The columns with their schemas, in Parquet's terms; those of types that are not read are left out. */
  columns(): TableColumn[] {
    return this.table.fields.flatMap((field, i) => {
      const schema = i === this.vectors ? undefined : parquetSchema(field);
      return schema === undefined ? [] : [{ name: field.name, schema }];
    });
  }

  /** Columns of types that are not read, or that hold such. */
  unread(): Map<string, string> {
    return new Map(
      this.table.fields.flatMap((field, i) =>
        i === this.vectors || parquetSchema(field) !== undefined
          ? []
          : [[field.name, unreadType(field)]]
      ),
    );
  }

  /** Values of columns for some rows of the file. */
  async read(
    names: readonly string[],
    { start, end }: RowRange,
    exact = false,
  ): Promise<Record<string, unknown[]>> {
    const all: Record<string, unknown[]> = {};
    for (const name of names) {
      const { path: file } = this.reader.source;
      const isNamed = (field: { name: string }) => field.name === name;
      if (this.table.fields.filter(isNamed).length > 1) {
        throw sameName({ file, column: name });
      }
      const index = this.table.fields.findIndex(isNamed);
      const values: unknown[] = [];
      let first = 0;
      for (const { rows, columns, dictionaries } of this.table.batches) {
        const from = Math.max(start, first) - first;
        const to = Math.min(end, first + rows) - first;
        if (from < to) {
          const words = exact ? this.#readExactly : this.#read;
          const read = new ColumnReader(
            this.reader,
            dictionaries,
            words,
            exact,
          );
          for (const value of await read.values(columns[index], from, to)) {
            values.push(value);
          }
        }
        first += rows;
      }
      all[name] = values;
    }
    return all;
  }
}

type WordLists = Map<readonly ArrowNode[], Promise<unknown[]>>;

/** Reads values of columns of one batch. */
class ColumnReader {
  constructor(
    readonly reader: BufferReader,
    readonly dictionaries: Dictionaries,
    readonly words: WordLists,
    readonly exact: boolean,
  ) {}

  async values(
    node: ArrowNode,
    start: number,
    end: number,
  ): Promise<unknown[]> {
    const { field } = node;
    const there = await this.reader.validity(node, start, end);
    const values = field.dictionary === undefined
      ? await this.#plain(node, field.type, start, end)
      : await this.#indexed(node, start, end);
    if (there === undefined) return values;
    return values.map((value, i) => there(start + i) ? value : null);
  }

  async #indexed(node: ArrowNode, start: number, end: number) {
    const { dictionary, indices } = node.field;
    const nodes = this.dictionaries.get(dictionary!) ?? [];
    let words = this.words.get(nodes);
    if (words === undefined) {
      words = this.#dictionary(nodes);
      this.words.set(nodes, words);
    }
    const found = await words;
    return (await this.#plain(node, indices!, start, end))
      .map((index) => found[Number(index)] ?? null);
  }

  async #dictionary(nodes: readonly ArrowNode[]): Promise<unknown[]> {
    const values = [];
    for (const node of nodes) {
      for (const value of await this.values(node, 0, node.length)) {
        values.push(value);
      }
    }
    return values;
  }

  async #plain(
    node: ArrowNode,
    type: ArrowType,
    start: number,
    end: number,
  ): Promise<unknown[]> {
    const count = end - start;
    switch (type.kind) {
      case "number":
        return await this.#numbers(node, type.element, start, end);
      case "bool":
        return Array.from(
          await this.reader.bits(node, 1, start, end),
          (bit) => bit === 1,
        );
      case "date":
        return await this.#dates(node, type.days, start, end);
      case "timestamp":
        return (await this.#numbers(node, "i64", start, end)).map((value) =>
          !this.exact
            ? new Date(Number(value) / type.perSecond * 1000)
            // Parquet has no seconds.
            : type.perSecond === 1
            ? BigInt(value) * 1000n
            : value
        );
      case "text":
      case "bytes":
      case "fixed bytes":
        return await this.#texts(node, type, start, end);
      case "list":
      case "fixed list":
        return await this.#lists(node, start, end);
      case "struct":
        return await this.#structs(node, start, end);
      default:
        return new Array(count).fill(null);
    }
  }

  async #numbers(
    node: ArrowNode,
    element: ElementType,
    start: number,
    end: number,
  ): Promise<(number | bigint)[]> {
    const size = ELEMENT_BYTES[element];
    const { buffer } = await this.reader.read(
      node,
      1,
      start * size,
      (end - start) * size,
    );
    return Array.from<number | bigint>(new ARRAYS[element](buffer));
  }

  async #dates(node: ArrowNode, days: boolean, start: number, end: number) {
    const values = await this.#numbers(node, days ? "i32" : "i64", start, end);
    if (this.exact) {
      return values.map((value) =>
        days ? value : Math.floor(Number(value) / 864e5)
      );
    }
    return values.map((value) => new Date(Number(value) * (days ? 864e5 : 1)));
  }

  async #texts(
    node: ArrowNode,
    type: ArrowType,
    start: number,
    end: number,
  ): Promise<(string | Uint8Array)[]> {
    const offsets = await this.reader.offsets(node, start, end);
    const first = offsets[0];
    const bytes = await this.reader.read(
      node,
      type.kind === "fixed bytes" ? 1 : 2,
      first,
      offsets[end - start] - first,
    );
    const decoder = new TextDecoder();
    return Array.from({ length: end - start }, (_, i) => {
      const value = bytes.subarray(offsets[i] - first, offsets[i + 1] - first);
      // Decoded, bytes that are no text would become replacement characters.
      return type.kind === "text" && !this.exact
        ? decoder.decode(value)
        : value;
    });
  }

  async #lists(node: ArrowNode, start: number, end: number) {
    const offsets = await this.reader.offsets(node, start, end);
    const first = offsets[0];
    const values = await this.values(
      node.children[0],
      first,
      offsets[end - start],
    );
    return Array.from(
      { length: end - start },
      (_, i) => values.slice(offsets[i] - first, offsets[i + 1] - first),
    );
  }

  async #structs(node: ArrowNode, start: number, end: number) {
    const columns = await Promise.all(
      node.children.map((child) => this.values(child, start, end)),
    );
    return Array.from({ length: end - start }, (_, i) =>
      Object.fromEntries(
        node.children.map(({ field }, c) => [field.name, columns[c][i]]),
      ));
  }
}

const ARRAYS = {
  f16: Float16Array,
  f32: Float32Array,
  f64: Float64Array,
  bf16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};
