import type { FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { parquetSchema } from "hyparquet";
import { assembleNested } from "hyparquet/src/assemble.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  isMapLike,
} from "hyparquet/src/schema.js";
import type { ByteSource } from "../../../files/bytes.ts";
import type { RowRange } from "../../block_store.ts";
import type { TableColumn } from "../../part.ts";
import { findChunk } from "../../../parquet/read/chunk.ts";
import { readFooter } from "../../../parquet/read/footer.ts";
import {
  Allowance,
  type SideChunk,
  SideLeaf,
} from "../../../parquet/read/side_leaf.ts";

/** What the values of one reading may take in memory. */
const VALUES_BYTES = 2 ** 30;

type RowGroup = FileMetaData["row_groups"][number];

/** Columns of a row group that are being read. */
interface OpenGroup extends RowRange {
  /** Empty once all rows were read. */
  columns: Map<string, SideColumn>;
  /** The names, and whether values are exact. */
  wanted: string;
  /** The first row that was not read yet, and the values of the one before it. */
  next: number;
  last: Map<string, unknown>;
}

/**
 * The columns of a table that hold no vectors. They are read in order, page by page, so that what is held does not
 * depend on the sizes of row groups; sizes are checked before hyparquet is given the pages.
 */
export class SideColumns {
  #metadata: Promise<FileMetaData> | undefined;
  #group: OpenGroup | undefined;
  #turn: Promise<unknown> = Promise.resolve();

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
  read(
    names: readonly string[],
    range: RowRange,
    exact = false,
  ): Promise<Record<string, unknown[]>> {
    const values = this.#turn.then(() => this.#values(names, range, exact));
    this.#turn = values.then(() => {}, () => {
      this.#group = undefined;
    });
    return values;
  }

  async #values(
    names: readonly string[],
    { start, end }: RowRange,
    exact: boolean,
  ): Promise<Record<string, unknown[]>> {
    const all = new Map(names.map((name) => [name, [] as unknown[]]));
    const allowance = new Allowance(VALUES_BYTES);
    for (let row = start; row < end;) {
      const group = await this.#groupWith(names, row, exact);
      const stop = Math.min(end, group.end);
      const from = Math.max(row, group.next);
      for (const [name, values] of all) {
        // Inner rows of nested lists share an outer one: it may be wanted again.
        if (row < from) values.push(group.last.get(name));
        const taken = await group.columns.get(name)?.take(
          from - group.start,
          stop - from,
          allowance,
        );
        for (const value of taken ?? []) values.push(value ?? null);
        group.last.set(name, values.at(-1));
      }
      group.next = stop;
      if (stop === group.end) group.columns.clear();
      row = stop;
    }
    return Object.fromEntries(all);
  }

  // The row group that is open, where the row is still to come in it; else the row's own one, from its beginning.
  async #groupWith(
    names: readonly string[],
    row: number,
    exact: boolean,
  ): Promise<OpenGroup> {
    const held = this.#group;
    const wanted = [exact, ...names].join("\0");
    const fits = held !== undefined && row < held.end &&
      row >= held.next - (held.last.size > 0 ? 1 : 0) &&
      held.wanted === wanted;
    if (fits) return held;
    const metadata = await this.#read();
    let start = 0;
    for (const group of metadata.row_groups) {
      const end = start + Number(group.num_rows);
      if (row < end) {
        const columns = new Map(names.map((name) => [
          name,
          openColumn(this.source, metadata, group, name, {
            pageLimit: this.budget,
            exact,
          }),
        ]));
        return this.#group = {
          start,
          end,
          columns,
          wanted,
          next: start,
          last: new Map(),
        };
      }
      start = end;
    }
    throw new RangeError(`Row ${row} is beyond the file`);
  }

  #read(): Promise<FileMetaData> {
    this.#metadata ??= readFooter(this.source, this.budget)
      .then(({ metadata }) => metadata);
    return this.#metadata;
  }
}

/** A column, with all that it is made of. */
class SideColumn {
  /**
   * @param tree the column in the schema
   * @param shape how its values are put together: the tree, or one that makes lists of maps
   * @param leaves the physical columns
   */
  constructor(
    readonly tree: SchemaTree,
    readonly shape: SchemaTree,
    readonly leaves: SideLeaf[],
  ) {}

  /** Values of rows of the row group, none before those taken last. */
  async take(
    start: number,
    count: number,
    allowance: Allowance,
  ): Promise<unknown[]> {
    if (count === 0) return [];
    const parts = new Map<string, unknown[]>();
    for (const leaf of this.leaves) {
      const path = leaf.from.leaf.path.join(".");
      parts.set(path, await leaf.take(start, count, allowance));
    }
    assembleNested(parts, this.shape, DEFAULT_PARSERS);
    const values = parts.get(this.tree.path.join("."));
    if (values?.length !== count) throw new Error("column is incomplete");
    return values;
  }
}

function openColumn(
  source: ByteSource,
  metadata: FileMetaData,
  group: RowGroup,
  name: string,
  { pageLimit, exact }: { pageLimit: number; exact: boolean },
): SideColumn {
  const root = parquetSchema(metadata);
  const tree = root.children.find(({ element }) => element.name === name);
  if (tree === undefined) throw new Error(`there is no column ${name}`);
  const rows = Number(group.num_rows);
  const leaves = leafPaths([root, tree]).map((path) =>
    new SideLeaf(source, {
      ...sideLeaf(path, exact),
      chunk: findChunk(source, group, stored(path)),
      path,
      rows,
      pageLimit,
    })
  );
  return new SideColumn(tree, exact ? mapsAsLists(tree) : tree, leaves);
}

// Maps that become objects lose the order of their keys, what these are and that one is there twice: lists of key and
// value keep all of it.
function mapsAsLists(tree: SchemaTree): SchemaTree {
  if (!isMapLike(tree)) {
    return { ...tree, children: tree.children.map(mapsAsLists) };
  }
  const [entries] = tree.children;
  const path = [...entries.path, "entry"];
  const element: SchemaElement = { name: "entry", repetition_type: "REQUIRED" };
  const entry = {
    ...entries,
    path,
    element,
    children: entries.children.map(mapsAsLists),
  };
  return {
    ...tree,
    element: { ...tree.element, converted_type: "LIST" },
    children: [{ ...entries, children: [entry] }],
  };
}

function leafPaths(path: SchemaTree[]): SchemaTree[][] {
  const node = path[path.length - 1];
  if (node.element.logical_type?.type === "VARIANT") {
    throw new Error(`column ${node.element.name} holds variants`);
  }
  if (node.children.length === 0) return [path];
  return node.children.flatMap((child) => leafPaths([...path, child]));
}

function sideLeaf(
  path: SchemaTree[],
  exact: boolean,
): Pick<SideChunk, "leaf" | "decimal" | "isInt96"> {
  const { element, path: names } = path[path.length - 1];
  const isDecimal = element.converted_type === "DECIMAL";
  // Decimals in bytes can be of any length, and take time with its square: they are made of the bytes once these are
  // checked.
  const isInt96 = exact && element.type === "INT96";
  const isBare = exact && isRounded(element) ||
    isDecimal && /BYTE_ARRAY/.test(element.type ?? "");
  const { converted_type: _type, logical_type: _logical, ...bare } = element;
  return {
    leaf: {
      path: names,
      typeLength: element.type_length ?? 0,
      maxRepetition: getMaxRepetitionLevel(path),
      maxDefinition: getMaxDefinitionLevel(path),
      // With a type that says nothing it makes no times of them.
      schema: isInt96
        ? { ...bare, converted_type: "INT_64" }
        : isBare
        ? bare
        : element,
      // Bytes of which some are text and some not would have no order among each other.
      utf8: !isBare && !exact,
    },
    decimal: isDecimal && isBare
      ? { scale: element.scale ?? 0, exact }
      : undefined,
    isInt96,
  };
}

// Types of which hyparquet makes something that holds less, or nothing at all: of bytes that are no text, replacement
// characters.
function isRounded(element: SchemaElement): boolean {
  const { converted_type: converted, logical_type: logical } = element;
  return /^(DECIMAL|DATE|TIMESTAMP_M.*|JSON|BSON|INTERVAL|UTF8)$/
    .test(converted ?? "") || /^(TIMESTAMP|STRING)$/.test(logical?.type ?? "");
}

function stored(path: readonly SchemaTree[]) {
  const { element: schema, path: names } = path[path.length - 1];
  return { path: names, schema };
}

function flatten({ element, children }: SchemaTree): SchemaElement[] {
  return [element, ...children.flatMap(flatten)];
}
