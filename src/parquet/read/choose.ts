import { DbksvdError, type ErrorPlace } from "../../errors.ts";
import type { Leaf } from "./columns.ts";

/** Columns that make one vector a row: a single one, or one for each dimension. */
export interface VectorChoice {
  /** As `--column` takes it. */
  name: string;
  leaves: Leaf[];
  /** The vectors' length, where it is known without decoding; undefined also where rows differ. */
  width?: number | undefined;
}

/** Every way to take vectors from a file: columns of them, and numbered families of scalar columns. */
export function vectorChoices(leaves: readonly Leaf[]): VectorChoice[] {
  const whole = leaves.filter((leaf) => leaf.layout !== "scalar")
    .map((leaf) => ({ name: leaf.name, leaves: [leaf] }));
  return [...whole, ...scalarFamilies(leaves)];
}

// x0, x1, x2, … (or from 1 on): a column a dimension.
function scalarFamilies(leaves: readonly Leaf[]): VectorChoice[] {
  const families = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const prefix = /^(.*?)\d+$/.exec(leaf.name)?.[1];
    const float = /^b?f/.test(leaf.element);
    if (leaf.layout !== "scalar" || !float || prefix === undefined) continue;
    families.set(prefix, [...families.get(prefix) ?? [], leaf]);
  }
  const choices: VectorChoice[] = [];
  for (const [prefix, members] of families) {
    const sorted = byNumber(members);
    const first = numberOf(sorted[0]);
    const complete = sorted.every((leaf, i) => numberOf(leaf) === first + i);
    if (sorted.length > 1 && first <= 1 && complete) {
      const name = `${prefix}*`;
      choices.push({ name, leaves: sorted, width: sorted.length });
    }
  }
  return choices;
}

function numberOf(leaf: Leaf): number {
  return Number(/\d+$/.exec(leaf.name)?.[0] ?? NaN);
}

function byNumber(leaves: readonly Leaf[]): Leaf[] {
  return leaves.every((leaf) => !Number.isNaN(numberOf(leaf)))
    ? leaves.toSorted((a, b) => numberOf(a) - numberOf(b))
    : [...leaves];
}

/**
 * The columns that a user names: a column with vectors, `a,b,c` or `x*` for scalar columns.
 *
 * @returns undefined where there is no such column
 */
export function namedChoice(
  leaves: readonly Leaf[],
  name: string,
): VectorChoice | undefined {
  const exact = leaves.find((leaf) =>
    leaf.layout !== "scalar" &&
    (leaf.name === name || leaf.path.join(".") === name)
  );
  if (exact !== undefined) return { name, leaves: [exact] };
  const scalars = leaves.filter((leaf) => leaf.layout === "scalar");
  if (name.includes(",")) {
    const members = name.split(",").map((part) =>
      scalars.find((leaf) => leaf.name === part.trim())
    );
    return members.every((leaf) => leaf !== undefined)
      ? { name, leaves: members, width: members.length }
      : undefined;
  }
  const members = byNumber(scalars.filter((leaf) => globMatches(name, leaf)));
  return members.length > 0
    ? { name, leaves: members, width: members.length }
    : undefined;
}

function globMatches(glob: string, leaf: Leaf): boolean {
  const pattern = glob.split("*")
    .map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(leaf.name);
}

/**
 * The one choice that needs no naming: the only column of float vectors, else the only blob where its type is said, the
 * only column of integer vectors, the only family of scalars.
 *
 * @throws {DbksvdError} `data` where there is none, or several
 */
export function onlyChoice(
  choices: readonly VectorChoice[],
  blobs: boolean,
  place: ErrorPlace,
): VectorChoice {
  const isBlob = ({ leaves }: VectorChoice) => leaves[0].layout === "blob";
  const isList = ({ leaves }: VectorChoice) => leaves[0].maxRepetition > 0;
  const isFloat = ({ leaves }: VectorChoice) => leaves[0].element.includes("f");
  const ranks = [
    blobs ? choices.filter(isBlob) : [],
    choices.filter((choice) => isList(choice) && isFloat(choice)),
    choices.filter((choice) => isList(choice) && !isFloat(choice)),
    choices.filter((choice) => !isBlob(choice) && !isList(choice)),
  ];
  for (const rank of ranks) {
    if (rank.length === 0) continue;
    const fixed = rank.filter(({ width }) => width !== undefined);
    const left = fixed.length > 0 ? fixed : rank;
    if (left.length === 1) return left[0];
    throw new DbksvdError(
      "data",
      `Several columns hold vectors: ${listChoices(left)}`,
      { where: place, mend: "choose one with --column" },
    );
  }
  const bytes = choices.filter(isBlob);
  throw bytes.length > 0
    ? new DbksvdError(
      "data",
      `No column holds lists of numbers, but bytes: ${listChoices(bytes)}`,
      { where: place, mend: "say what the bytes are with --blob-type" },
    )
    : new DbksvdError("data", "No column holds vectors", {
      where: place,
      mend: "write a list, a blob or numbered scalar columns",
    });
}

/** Choices with their widths, for messages. */
export function listChoices(choices: readonly VectorChoice[]): string {
  return choices.map(({ name, width, leaves }) =>
    `${name} (${
      width ?? (leaves[0].layout === "blob" ? "bytes" : "width varies")
    })`
  ).join(", ") || "none";
}
