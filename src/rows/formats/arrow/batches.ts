import type { ByteSource } from "../../../files/bytes.ts";
import { longAt, Table } from "./flatbuffer.ts";
import {
  anotherStream,
  type ArrowBuffer,
  type Message,
  readMessage,
  requireAllTold,
  requireEnd,
} from "./message.ts";
import { type ArrowField, bufferCount, schemaFields } from "./schema.ts";

/** How a batch's buffers are compressed. */
export type ArrowCodec = "LZ4_FRAME" | "ZSTD";

/** A column in a record batch: where its buffers are. */
export interface ArrowNode {
  field: ArrowField;
  /** Values, nulls included. */
  length: number;
  nulls: number;
  buffers: ArrowBuffer[];
  children: ArrowNode[];
  codec?: ArrowCodec | undefined;
}

/** The values of dictionaries, by number: in the order in which they were added. */
export type Dictionaries = ReadonlyMap<number, readonly ArrowNode[]>;

/** A record batch: some rows of all columns. */
export interface ArrowBatch {
  rows: number;
  columns: ArrowNode[];
  /** As they are when the batch comes: a stream may replace them later. */
  dictionaries: Dictionaries;
}

/** An Arrow file or stream: its columns, and where the record batches' buffers lie. */
export interface ArrowTable {
  fields: ArrowField[];
  batches: ArrowBatch[];
  /** Whether its writer marked the end: a stream need not have the mark, but one that was broken off has none. */
  isEnded: boolean;
}

const FILE_MAGIC = "ARROW1";
/** Where a message is, in a footer: its place, the length of its metadata, that of its body. */
const BLOCK_BYTES = 24;

/**
 * Reads the metadata of an Arrow IPC file or stream, message by message; the columns' values are not looked at. Format:
 * Apache Arrow, "Serialization and Interprocess Communication (IPC)".
 *
 * @param source the file
 * @param limit bytes that a message's metadata may take
 * @throws {Error} where the bytes are no whole Arrow data
 */
export async function readArrow(
  source: ByteSource,
  limit: number,
): Promise<ArrowTable> {
  const builder = new TableBuilder(source);
  if (await beginsLikeFile(source)) {
    await readFile(source, limit, builder);
    return builder.table;
  }
  for (let at = 0; at < source.size;) {
    const message = await readMessage(source, at, source.size, limit);
    if (message === undefined) {
      await requireEnd(source, at);
      builder.table.isEnded = true;
      break;
    }
    builder.add(message);
    at = message.next;
  }
  if (!builder.hasSchema) throw new Error("There is no schema");
  return builder.table;
}

/** Puts a table together from its messages. */
class TableBuilder {
  constructor(readonly source: ByteSource) {}

  readonly table: ArrowTable = { fields: [], batches: [], isEnded: false };
  hasSchema = false;
  #dictionaries: Dictionaries = new Map();

  schema(schema: Table) {
    if (this.hasSchema) throw anotherStream(this.source);
    this.table.fields = schemaFields(schema);
    this.hasSchema = true;
  }

  add({ root, body }: Message) {
    const header = root.table(2);
    const kind = root.byte(1);
    if (header === undefined) throw new Error("Message has no header");
    if (kind === 1) return this.schema(header);
    if (!this.hasSchema) throw new Error("Values come before the schema");
    if (kind === 2) this.#addDictionary(header, body);
    if (kind !== 3) return;
    const batch = batchOf(header, this.table.fields, body);
    this.table.batches.push({ ...batch, dictionaries: this.#dictionaries });
  }

  #addDictionary(header: Table, body: ArrowBuffer) {
    const id = header.long(0);
    const data = header.table(1);
    const field = findDictionary(this.table.fields, id);
    if (data === undefined || field === undefined) {
      throw new Error("Dictionary of no column");
    }
    const { dictionary: _, indices: __, ...values } = field;
    const { columns: [node] } = batchOf(data, [values], body);
    const delta = header.byte(2) === 1;
    const before = delta ? this.#dictionaries.get(id) ?? [] : [];
    this.#dictionaries = new Map([
      ...this.#dictionaries,
      [id, [...before, node]],
    ]);
  }
}

// A file's footer has the schema, and tells where the messages are; some writers put the schema nowhere else.
async function readFile(
  source: ByteSource,
  limit: number,
  builder: TableBuilder,
) {
  const { footer, end } = await readFooter(source, limit);
  const schema = footer.table(1);
  if (schema === undefined) throw new Error("Arrow footer has no schema");
  builder.schema(schema);
  let reached = await endOfSchema(source, end, limit);
  for (const field of [2, 3]) {
    const { start, length } = footer.vector(field, BLOCK_BYTES);
    for (let i = 0; i < length; i++) {
      const at = longAt(footer.view, start + BLOCK_BYTES * i);
      if (at < 8 || at >= end) throw new Error("Arrow footer is corrupt");
      const message = await readMessage(source, at, end, limit);
      if (message === undefined) continue;
      builder.add(message);
      reached = Math.max(reached, message.next);
    }
  }
  await requireAllTold(source, reached, end);
  builder.table.isEnded = true;
}

// Where the schema ends that most writers put first.
async function endOfSchema(source: ByteSource, end: number, limit: number) {
  if (end < 8 + 4) return 8;
  const first = await readMessage(source, 8, end, limit);
  return first?.root.byte(1) === 1 ? first.next : 8;
}

async function beginsLikeFile(source: ByteSource): Promise<boolean> {
  if (source.size === 0) throw new Error("File is empty");
  const head = await source.read(0, Math.min(FILE_MAGIC.length, source.size));
  const text = String.fromCharCode(...head);
  if (text.startsWith("FEA1")) {
    throw new Error("Feather version 1 is not read; write it as version 2");
  }
  return text === FILE_MAGIC;
}

// A file ends with its footer, the footer's length and the magic.
async function readFooter(source: ByteSource, limit: number) {
  const tail = FILE_MAGIC.length + 4;
  if (source.size < 8 + tail) throw new Error("File is truncated");
  const bytes = await source.read(source.size - tail, tail);
  if (String.fromCharCode(...bytes.subarray(4)) !== FILE_MAGIC) {
    throw new Error("File is truncated, the Arrow footer is missing");
  }
  const length = new DataView(bytes.buffer).getInt32(0, true);
  const end = source.size - tail - length;
  if (length < 8 || length > limit || end < 8) {
    throw new Error("Arrow footer is corrupt");
  }
  return { footer: Table.root(await source.read(end, length)), end };
}

// Where nodes and buffers are taken from in turn: they stand in the order of a walk through the schema.
interface Cursor {
  view: DataView;
  nodes: { start: number; length: number };
  buffers: { start: number; length: number };
  node: number;
  buffer: number;
  views: { start: number; length: number };
  view64: number;
  body: ArrowBuffer;
  codec?: ArrowCodec | undefined;
}

function batchOf(
  header: Table,
  fields: readonly ArrowField[],
  body: ArrowBuffer,
): Omit<ArrowBatch, "dictionaries"> {
  const compression = header.table(3);
  const codec = compression === undefined
    ? undefined
    : (["LZ4_FRAME", "ZSTD"] as const)[compression.byte(0)];
  if (compression !== undefined && codec === undefined) {
    throw new Error("Buffers are compressed by an unknown codec");
  }
  const cursor: Cursor = {
    view: header.view,
    nodes: header.vector(1, 16),
    buffers: header.vector(2, 16),
    node: 0,
    buffer: 0,
    views: header.vector(4, 8),
    view64: 0,
    body,
    codec,
  };
  const rows = header.long(0);
  const columns = fields.map((field) => nodeOf(field, cursor));
  if (rows < 0 || columns.some(({ length }) => length !== rows)) {
    throw new Error("Columns of a batch differ in length");
  }
  return { rows, columns };
}

function nodeOf(field: ArrowField, cursor: Cursor): ArrowNode {
  const { view, nodes } = cursor;
  if (cursor.node === nodes.length) throw new Error("Batch lacks columns");
  const at = nodes.start + 16 * cursor.node++;
  const length = longAt(view, at);
  const nulls = longAt(view, at + 8);
  if (length < 0 || nulls < 0 || nulls > length) {
    throw new Error("Column of a negative length");
  }
  let count = bufferCount(field);
  if (field.type.kind === "other" && field.type.views) {
    const { views } = cursor;
    if (cursor.view64 === views.length) throw new Error("Batch lacks buffers");
    count += longAt(view, views.start + 8 * cursor.view64++);
  }
  const buffers = Array.from({ length: count }, () => nextBuffer(cursor));
  const children = field.dictionary !== undefined
    ? []
    : field.children.map((child) => nodeOf(child, cursor));
  return { field, length, nulls, buffers, children, codec: cursor.codec };
}

function nextBuffer(cursor: Cursor): ArrowBuffer {
  const { view, buffers, body } = cursor;
  if (cursor.buffer === buffers.length) throw new Error("Batch lacks buffers");
  const at = buffers.start + 16 * cursor.buffer++;
  const start = longAt(view, at);
  const length = longAt(view, at + 8);
  if (start < 0 || length < 0 || start + length > body.length) {
    throw new Error("Buffer lies outside its batch");
  }
  return { start: body.start + start, length };
}

function findDictionary(
  fields: readonly ArrowField[],
  id: number,
): ArrowField | undefined {
  for (const field of fields) {
    const found = field.dictionary === id
      ? field
      : findDictionary(field.children, id);
    if (found !== undefined) return found;
  }
}
