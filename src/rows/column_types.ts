import type { SchemaElement } from "hyparquet";
import { DbksvdError, type ErrorPlace } from "../errors.ts";

/**
 * Refuses a column that is of another type than it is in the first file: what one type holds, the other may round or
 * cut.
 *
 * @param where the column
 * @param schema its schema
 * @param first its schema in the first file
 * @param firstFile that file
 * @throws {DbksvdError} `data`
 */
export function requireSameType(
  where: ErrorPlace,
  schema: readonly SchemaElement[],
  first: readonly SchemaElement[],
  firstFile: string | undefined,
): void {
  const [type, before] = [schema, first].map((elements) =>
    typeText([...elements])
  );
  if (type === before || takesAs(type, before)) return;
  throw new DbksvdError(
    "data",
    `Column is ${type}, in ${firstFile} it is ${before}`,
    { where, mend: "write it with one type in all files" },
  );
}

/** The type of what has no value in a whole file, as pandas writes it: none yet. */
const NO_TYPE = "INT32 NULL";

// Whether what has no value may be of the other type, in a list or a structure, too.
function takesAs(type: string, before: string): boolean {
  const parts = type.split(NO_TYPE);
  return parts.length > 1 &&
    new RegExp(`^${parts.map(RegExp.escape).join(".+")}$`, "s").test(before);
}

/** The schema that exact values of a column have: old times of 96 bits are given in nanoseconds. */
export function exactSchema(schema: readonly SchemaElement[]): SchemaElement[] {
  return schema.map((element) =>
    element.type !== "INT96" ? element : {
      name: element.name,
      repetition_type: element.repetition_type ?? "REQUIRED",
      type: "INT64",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
    }
  );
}

/** A schema that has room for missing values where another one of the same type has. */
export function withMissing(
  schema: readonly SchemaElement[],
  other: readonly SchemaElement[],
): SchemaElement[] {
  // Writers differ in how many groups make a list: which is which is not known then.
  const alike = schema.length === other.length;
  return schema.map((element, i) =>
    element.repetition_type === "REQUIRED" &&
      !(alike && other[i].repetition_type === "REQUIRED")
      ? { ...element, repetition_type: "OPTIONAL" }
      : element
  );
}

// A type in words, the same whatever wrote it: names of what lists are made of, and whether values may be missing,
// differ by writer. Takes what it reads out of `left`.
function typeText(left: SchemaElement[]): string {
  const element = left.shift()!;
  const { num_children: count = 0 } = element;
  if (count === 0) return leafText(element);
  const kind = element.converted_type ?? element.logical_type?.type ?? "";
  // What is repeated holds the values itself, or in a group of its own.
  if (kind === "LIST" && left[0].num_children === 1) left.shift();
  const parts = Array.from({ length: count }, () => {
    const name = left[0].name;
    return { name, type: typeText(left) };
  });
  if (/^(LIST|MAP)/.test(kind)) return `${kind} of ${parts[0].type}`;
  const text = parts.map(({ name, type }) => `${name}: ${type}`).join(", ");
  return `{${text}}`;
}

function leafText(element: SchemaElement): string {
  const { type = "", type_length: length, scale = 0 } = element;
  const stored = length === undefined ? type : `${type}(${length})`;
  const logical = element.logical_type;
  const kind = logical?.type === "INTEGER"
    ? `${logical.isSigned ? "" : "U"}INT_${logical.bitWidth}`
    : logical?.type === "TIMESTAMP" || logical?.type === "TIME"
    ? `${logical.type}_${logical.unit}`
    : element.converted_type ?? logical?.type ?? "";
  if (kind === "DECIMAL") return `${stored} DECIMAL of scale ${scale}`;
  if (/^(UTF8|STRING|ENUM)$/.test(kind)) return `${stored} TEXT`;
  // Arrow's own for Rust writes numbers where nothing has a value.
  if (kind === "NULL" && element.repetition_type === "REQUIRED") return stored;
  return stored.replace("T", "T_") === kind || kind === ""
    ? stored
    : `${stored} ${kind}`;
}
