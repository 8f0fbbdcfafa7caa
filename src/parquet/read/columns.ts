import type { FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { parquetSchema } from "hyparquet";

/** What a stored number is. `f16` and `bf16` take two bytes. */
export type ElementType =
  | "f32"
  | "f64"
  | "f16"
  | "bf16"
  | "i8"
  | "u8"
  | "i16"
  | "u16"
  | "i32"
  | "u32"
  | "i64"
  | "u64";

/** Bytes of an element. */
export const ELEMENT_BYTES: Record<ElementType, number> = {
  f32: 4,
  f64: 8,
  f16: 2,
  bf16: 2,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
};

/** How vectors lie in a column: lists, lists of lists (each inner one a row), bytes, or one number a row. */
export type Layout = "list" | "nested" | "blob" | "scalar";

/** A physical column, as far as its pages can be decoded by it. */
export interface StoredLeaf {
  path: string[];
  /** Bytes of a value of fixed length; otherwise 0. */
  typeLength: number;
  maxRepetition: number;
  maxDefinition: number;
  /** The schema's own description, for hyparquet. */
  schema: SchemaElement;
  /** Whether bytes of which the schema says nothing are text, where they are valid as such. */
  utf8?: boolean;
}

/** A physical column that can hold vectors, or one dimension of them. */
export interface Leaf extends StoredLeaf {
  /** As a user names it: without the nodes that only make up lists. */
  name: string;
  layout: Layout;
  physical: "FLOAT" | "DOUBLE" | "INT32" | "INT64" | "FIXED" | "BYTES";
  /** What the numbers are; for a blob, whatever the caller says. */
  element: ElementType;
  /** Definition level from which on the outermost list has an entry. */
  outerDefinition: number;
  /** The same of the innermost list: entries that are null have it too. */
  innerDefinition: number;
}

/** All columns that vectors can be made from, in the order of the schema. */
export function vectorLeaves(metadata: FileMetaData): Leaf[] {
  const leaves: Leaf[] = [];
  visit(parquetSchema(metadata), [], leaves);
  return leaves;
}

function visit(node: SchemaTree, above: SchemaTree[], leaves: Leaf[]) {
  const path = [...above, node];
  const { converted_type: converted, logical_type: logical } = node.element;
  if (converted === "MAP" || logical?.type === "MAP") return;
  if (logical?.type === "VARIANT") return;
  for (const child of node.children) visit(child, path, leaves);
  if (node.children.length > 0 || path.length < 2) return;
  const leaf = toLeaf(path.slice(1));
  if (leaf !== undefined) leaves.push(leaf);
}

function toLeaf(path: SchemaTree[]): Leaf | undefined {
  const { element } = path[path.length - 1];
  const stored = storedAs(element);
  if (stored === undefined) return undefined;
  let maxRepetition = 0;
  let maxDefinition = 0;
  let outerDefinition = 0;
  let innerDefinition = 0;
  for (const { element: { repetition_type } } of path) {
    if (repetition_type !== "REQUIRED") maxDefinition++;
    if (repetition_type !== "REPEATED") continue;
    innerDefinition = maxDefinition;
    if (++maxRepetition === 1) outerDefinition = maxDefinition;
  }
  const layout = layoutOf(stored.bytes, maxRepetition);
  if (layout === undefined) return undefined;
  return {
    name: userName(path),
    path: path.map((node) => node.element.name),
    layout,
    physical: stored.physical,
    element: stored.element,
    typeLength: element.type_length ?? 0,
    maxRepetition,
    maxDefinition,
    outerDefinition,
    innerDefinition,
    schema: element,
  };
}

function layoutOf(bytes: boolean, depth: number): Layout | undefined {
  if (bytes) return depth === 0 ? "blob" : undefined;
  return (["scalar", "list", "nested"] as const)[depth];
}

interface Stored {
  physical: Leaf["physical"];
  element: ElementType;
  bytes: boolean;
}

function storedAs(element: SchemaElement): Stored | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  const number = (physical: Leaf["physical"], element: ElementType) => ({
    physical,
    element,
    bytes: false,
  });
  const whole = converted === undefined || /^U?INT_/.test(converted);
  const integer = whole &&
    (logical === undefined || logical.type === "INTEGER");
  const unsigned = (converted?.startsWith("UINT_") ?? false) ||
    (logical?.type === "INTEGER" && !logical.isSigned);
  if (type === "FLOAT") return number("FLOAT", "f32");
  if (type === "DOUBLE") return number("DOUBLE", "f64");
  if (type === "INT32" && integer) {
    return number("INT32", unsigned ? "u32" : "i32");
  }
  if (type === "INT64" && integer) {
    return number("INT64", unsigned ? "u64" : "i64");
  }
  if (type === "FIXED_LEN_BYTE_ARRAY" && logical?.type === "FLOAT16") {
    return element.type_length === 2 ? number("FIXED", "f16") : undefined;
  }
  // Bytes that the schema says to be something else (text, decimals, identifiers) hold no vectors.
  if (converted !== undefined || logical !== undefined) return undefined;
  if (type === "FIXED_LEN_BYTE_ARRAY" && (element.type_length ?? 0) > 0) {
    return { physical: "FIXED", element: "f32", bytes: true };
  }
  if (type === "BYTE_ARRAY") {
    return { physical: "BYTES", element: "f32", bytes: true };
  }
  return undefined;
}

// A list's repeated node and, where it holds nothing else, the node under it are the format's, not the user's.
function userName(path: SchemaTree[]): string {
  const parts: string[] = [];
  for (let i = 0; i < path.length; i++) {
    const above = path[i - 1];
    const listed = above !== undefined && isList(above.element);
    const repeated = path[i].element.repetition_type === "REPEATED";
    if (!(listed && repeated)) {
      parts.push(path[i].element.name);
    } else if (path[i].children.length === 1 && i + 1 < path.length) {
      i++; // its only child: "element", "item", "array_element"
    }
  }
  return parts.join(".");
}

function isList({ converted_type, logical_type }: SchemaElement): boolean {
  return converted_type === "LIST" || logical_type?.type === "LIST";
}
