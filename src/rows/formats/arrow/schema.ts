import type { ElementType } from "../../../parquet/read/columns.ts";
import type { Table } from "./flatbuffer.ts";

/** What a column's values are. Types of Arrow that are not here are `other`: they are passed over. */
export type ArrowType =
  | { kind: "number"; element: ElementType }
  | { kind: "bool" | "null" | "struct" }
  | { kind: "text" | "bytes"; wide: boolean }
  | { kind: "fixed bytes"; size: number }
  | { kind: "list"; wide: boolean }
  | { kind: "fixed list"; size: number }
  | { kind: "date"; days: boolean }
  | { kind: "timestamp"; perSecond: number; zoned: boolean }
  | { kind: "other"; name: string; buffers: number; views: boolean };

/** A column, or what a list or struct holds. */
export interface ArrowField {
  name: string;
  type: ArrowType;
  children: ArrowField[];
  /** Values are indices, of the type named, into the dictionary of this number. */
  dictionary?: number;
  indices?: ArrowType;
}

/** The fields of a schema message (Apache Arrow, format/Schema.fbs). */
export function schemaFields(schema: Table): ArrowField[] {
  if (schema.short(0) !== 0) throw new Error("Numbers are big-endian");
  return schema.tables(1).map(fieldOf);
}

function fieldOf(field: Table): ArrowField {
  const dictionary = field.table(4);
  return {
    name: field.text(0),
    type: typeOf(field.byte(2), field.table(3)),
    children: field.tables(5).map(fieldOf),
    ...dictionary === undefined ? {} : {
      dictionary: dictionary.long(0),
      indices: integerOf(dictionary.table(1)),
    },
  };
}

const FLOATS = ["f16", "f32", "f64"] as const;
const PER_SECOND = [1, 1e3, 1e6, 1e9];

// Numbers of format/Schema.fbs, union Type.
function typeOf(kind: number, type: Table | undefined): ArrowType {
  switch (kind) {
    case 1:
      return { kind: "null" };
    case 2:
      return integerOf(type);
    case 3:
      return number(FLOATS[type?.short(0) ?? 0]);
    case 4:
      return { kind: "bytes", wide: false };
    case 5:
      return { kind: "text", wide: false };
    case 6:
      return { kind: "bool" };
    case 8:
      return { kind: "date", days: type?.short(0, 1) === 0 };
    case 10:
      return {
        kind: "timestamp",
        perSecond: PER_SECOND[type?.short(0) ?? 0],
        zoned: (type?.text(1) ?? "") !== "",
      };
    case 12:
      return { kind: "list", wide: false };
    case 13:
      return { kind: "struct" };
    case 15:
      return { kind: "fixed bytes", size: type?.int(0) ?? 0 };
    case 16:
      return { kind: "fixed list", size: type?.int(0) ?? 0 };
    case 19:
      return { kind: "bytes", wide: true };
    case 20:
      return { kind: "text", wide: true };
    case 21:
      return { kind: "list", wide: true };
    default:
      return otherType(kind, type);
  }
}

const OTHERS: Record<number, string> = {
  7: "decimal",
  9: "time",
  11: "interval",
  14: "union",
  17: "map",
  18: "duration",
  22: "run-end encoded",
  23: "binary view",
  24: "text view",
  25: "list view",
  26: "list view",
};

// How many buffers types take that are not read: what follows them has to be found.
function otherType(kind: number, type: Table | undefined): ArrowType {
  const views = kind === 23 || kind === 24;
  // Unions: dense ones have offsets too. Runs have none at all. Lists by views: validity, offsets, sizes.
  const buffers = kind === 14
    ? 1 + (type?.short(0) ?? 0)
    : kind === 22
    ? 0
    : kind === 25 || kind === 26
    ? 3
    : 2;
  if (kind < 1 || kind > 26) throw new Error(`Unknown type ${kind}`);
  const name = OTHERS[kind] ?? `number ${kind}`;
  return { kind: "other", name, buffers, views };
}

function integerOf(type: Table | undefined): ArrowType {
  const bits = type?.int(0, 32) ?? 32;
  const element = `${type?.byte(1) === 1 ? "i" : "u"}${bits}`;
  return number(element as ElementType);
}

function number(element: ElementType): ArrowType {
  return { kind: "number", element };
}

/** Buffers that a column has in a record batch, those of its children apart. */
export function bufferCount({ type, dictionary }: ArrowField): number {
  if (dictionary !== undefined) return 2;
  switch (type.kind) {
    case "null":
      return 0;
    case "struct":
    case "fixed list":
      return 1;
    case "text":
    case "bytes":
      return 3;
    case "other":
      return type.buffers;
    default:
      return 2;
  }
}
