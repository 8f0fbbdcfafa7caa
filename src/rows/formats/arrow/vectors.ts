import { DbksvdError, type ErrorPlace } from "../../../errors.ts";
import {
  ELEMENT_BYTES,
  type ElementType,
} from "../../../parquet/read/columns.ts";
import type { ArrowNode, ArrowTable } from "./batches.ts";
import type { BufferReader } from "./reader.ts";
import type { ArrowField } from "./schema.ts";
import { sameName } from "../../../parquet/read/chunk.ts";

/** A column that vectors can be taken from. */
export interface ArrowVectors {
  name: string;
  /** Its place among the table's columns. */
  index: number;
  layout: "list" | "nested" | "blob";
  element: ElementType;
  /** Dimensions; undefined where rows differ, or none is there. */
  width?: number;
}

/** Lists looked at to learn their length. */
const PROBED = 64;

/** Columns of lists of numbers, of lists of such lists, and of bytes. */
export function arrowVectors(
  { fields }: ArrowTable,
  blobType: ElementType | undefined,
): ArrowVectors[] {
  return fields.flatMap((field, index) => {
    const layout = layoutOf(field, blobType);
    return layout === undefined ? [] : [{ name: field.name, index, ...layout }];
  });
}

function layoutOf(
  field: ArrowField,
  blobType: ElementType | undefined,
): Pick<ArrowVectors, "layout" | "element"> | undefined {
  if (field.dictionary !== undefined) return undefined;
  const { kind } = field.type;
  if (kind === "bytes" || kind === "fixed bytes") {
    return { layout: "blob", element: blobType ?? "f32" };
  }
  if (!isList(field)) return undefined;
  const [inner] = field.children;
  const leaf = inner !== undefined && isList(inner) ? inner.children[0] : inner;
  if (leaf?.type.kind !== "number" || leaf.dictionary !== undefined) return;
  const { element } = leaf.type;
  return { layout: leaf === inner ? "list" : "nested", element };
}

function isList({ type, dictionary }: ArrowField): boolean {
  return dictionary === undefined &&
    (type.kind === "list" || type.kind === "fixed list");
}

/** The node that has a row for every value: the column, or the lists that it holds. */
export function rowNode(column: ArrowNode, { layout }: ArrowVectors) {
  return layout === "nested" ? column.children[0] : column;
}

/** Learns the length of a column's vectors from the first that are not empty: the most frequent one. */
export async function probeWidth(
  reader: BufferReader,
  table: ArrowTable,
  vectors: ArrowVectors,
): Promise<{ width: number; uniform: boolean } | undefined> {
  const unit = vectors.layout === "blob" ? ELEMENT_BYTES[vectors.element] : 1;
  const counts = new Map<number, number>();
  let seen = 0;
  for (const { columns } of table.batches) {
    const node = rowNode(columns[vectors.index], vectors);
    for (let row = 0; row < node.length && seen < PROBED; row += PROBED) {
      const end = Math.min(node.length, row + PROBED);
      const offsets = await reader.offsets(node, row, end);
      const there = await reader.validity(node, row, end);
      for (let i = row; i < end && seen < PROBED; i++) {
        const length = offsets[i + 1 - row] - offsets[i - row];
        if (length === 0 || !(there?.(i) ?? true)) continue;
        counts.set(length, (counts.get(length) ?? 0) + 1);
        seen++;
      }
    }
    if (seen === PROBED) break;
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  if (best === undefined) return undefined;
  const [length] = best;
  if (length % unit !== 0) {
    throw new DbksvdError(
      "data",
      `Rows of ${length} bytes do not hold whole numbers of ${unit}`,
      {
        where: { file: reader.source.path, column: vectors.name },
        mend: "check --blob-type",
      },
    );
  }
  return { width: length / unit, uniform: counts.size === 1 };
}

/**
 * The column that is named, or the only one that needs no naming: of float vectors, else of integer vectors; blobs
 * where their type is said.
 *
 * @throws {DbksvdError} `data` where there is none, or several
 */
export function chooseArrow(
  all: readonly ArrowVectors[],
  named: string | undefined,
  blobType: ElementType | undefined,
  place: ErrorPlace,
): ArrowVectors {
  const isBlob = ({ layout }: ArrowVectors) => layout === "blob";
  if (named !== undefined) {
    const [found, another] = all.filter(({ name }) => name === named);
    if (another !== undefined) throw sameName(place);
    if (found === undefined) {
      throw new DbksvdError("data", "No such column of vectors", {
        where: place,
        mend: `choose one of: ${listed(all) || "none"}`,
      });
    }
    if (!isBlob(found) || blobType !== undefined) return found;
    throw new DbksvdError("data", "Column holds bytes", {
      where: place,
      mend: "say what they are with --blob-type f32, f16 or bf16",
    });
  }
  const lists = all.filter((one) => !isBlob(one));
  const isFloat = ({ element }: ArrowVectors) => element.includes("f");
  const ranks = [
    blobType === undefined ? [] : all.filter(isBlob),
    lists.filter(isFloat),
    lists.filter((one) => !isFloat(one)),
  ];
  for (const rank of ranks) {
    const fixed = rank.filter(({ width }) => width !== undefined);
    const left = fixed.length > 0 ? fixed : rank;
    if (left.length === 1) return left[0];
    if (left.length > 1) {
      throw new DbksvdError(
        "data",
        `Several columns hold vectors: ${listed(left)}`,
        { where: place, mend: "choose one with --column" },
      );
    }
  }
  const blobs = listed(all.filter(isBlob));
  throw blobs === ""
    ? new DbksvdError("data", "No column holds vectors", {
      where: place,
      mend: "write a list or a fixed-size list of numbers",
    })
    : new DbksvdError(
      "data",
      `No column holds lists of numbers, but bytes: ${blobs}`,
      { where: place, mend: "say what the bytes are with --blob-type" },
    );
}

function listed(all: readonly ArrowVectors[]): string {
  return all.map(({ name, width, layout }) =>
    `${name} (${width ?? (layout === "blob" ? "bytes" : "width varies")})`
  ).join(", ");
}
