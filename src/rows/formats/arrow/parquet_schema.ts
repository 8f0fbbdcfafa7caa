import type { SchemaElement } from "hyparquet";
import type { ElementType } from "../../../parquet/read/columns.ts";
import type { ArrowField } from "./schema.ts";

/** A field as Parquet describes such a column; undefined for types that are not read. */
export function parquetSchema(
  { name, type, children }: ArrowField,
): SchemaElement[] | undefined {
  const one = (
    element: Omit<SchemaElement, "name" | "repetition_type">,
  ): SchemaElement[] => [{ name, repetition_type: "OPTIONAL", ...element }];
  switch (type.kind) {
    case "number":
      return one(NUMBERS[type.element]);
    case "bool":
      return one({ type: "BOOLEAN" });
    case "date":
      return one({ type: "INT32", converted_type: "DATE" });
    case "timestamp":
      return one({
        type: "INT64",
        logical_type: {
          type: "TIMESTAMP",
          isAdjustedToUTC: type.zoned,
          unit: UNITS[type.perSecond] ?? "MILLIS",
        },
      });
    case "text":
      return one({ type: "BYTE_ARRAY", converted_type: "UTF8" });
    case "bytes":
    case "fixed bytes":
      return one({ type: "BYTE_ARRAY" });
    case "list":
    case "fixed list": {
      const inner = parquetSchema({ ...children[0], name: "element" });
      return inner && [
        ...one({ converted_type: "LIST", num_children: 1 }),
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        ...inner,
      ];
    }
    case "struct": {
      const inner = children.map(parquetSchema);
      if (inner.includes(undefined) || inner.length === 0) return undefined;
      return [
        ...one({ num_children: children.length }),
        ...inner.flatMap((part) => part!),
      ];
    }
    default:
      return undefined;
  }
}

/** The type, in words, for which a field has no schema. */
export function unreadType({ type, children }: ArrowField): string {
  if (type.kind === "other") return type.name;
  const inner = children.find((child) => parquetSchema(child) === undefined);
  return inner === undefined
    ? type.kind
    : `${type.kind} of ${unreadType(inner)}`;
}

const UNITS: Record<number, "MICROS" | "NANOS"> = {
  1e6: "MICROS",
  1e9: "NANOS",
};

const NUMBERS: Record<
  ElementType,
  Pick<SchemaElement, "type" | "converted_type">
> = {
  f16: { type: "FLOAT" },
  bf16: { type: "FLOAT" },
  f32: { type: "FLOAT" },
  f64: { type: "DOUBLE" },
  i8: { type: "INT32", converted_type: "INT_8" },
  u8: { type: "INT32", converted_type: "UINT_8" },
  i16: { type: "INT32", converted_type: "INT_16" },
  u16: { type: "INT32", converted_type: "UINT_16" },
  i32: { type: "INT32" },
  u32: { type: "INT32", converted_type: "UINT_32" },
  i64: { type: "INT64" },
  u64: { type: "INT64", converted_type: "UINT_64" },
};
