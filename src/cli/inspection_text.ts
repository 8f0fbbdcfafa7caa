import type {
  AtomDescription,
  AtomHit,
  RowDescription,
} from "../inspection/describe.ts";
import type { RowText } from "../inspection/top_rows.ts";
import { count, figure, table } from "./text.ts";

/** Texts in a cell, and rows of an atom's page. */
const TEXTS_SHOWN = 6;
const LONGEST_TEXT = 60;

/** The most used atoms, a line each. */
export function atomTable(
  atoms: readonly AtomDescription[],
  rows: number,
  limit: number,
): string {
  const shown = [...atoms].sort((a, b) => b.uses - a.uses).slice(0, limit);
  const lines = shown.map((one) => [
    named(one.atom, one.label),
    `${figure(100 * one.uses / Math.max(1, rows))}%`,
    figure(one.meanActivation),
    figure(one.coherence),
    one.top.slice(0, TEXTS_SHOWN).map(told).join(", "),
  ]);
  return [
    `${count(atoms.length)} atoms on ${
      count(rows)
    } rows; the ${shown.length} used most:`,
    table(
      ["atom", "uses", "mean", "coherence"],
      lines.map((l) => l.slice(0, 4)),
    )
      .split("\n")
      .map((
        line,
        i,
      ) => (i === 0 ? `${line}  rows` : `${line}  ${lines[i - 1][4]}`))
      .join("\n"),
  ].join("\n");
}

/** All that is known of one atom. */
export function atomPage(one: AtomDescription): string {
  return [
    table([`Atom ${named(one.atom, one.label)}`, ""], [
      ["rows that use it", count(one.uses)],
      ["mean activation", figure(one.meanActivation)],
      ["largest activation", figure(one.maxActivation)],
      ["coherence", figure(one.coherence)],
    ]),
    table(
      ["Nearest atoms", "cosine"],
      one.nearest.map((near) => [
        named(near.atom, near.label),
        figure(near.similarity),
      ]),
    ),
    table(
      ["Rows that use it most", "value"],
      one.top.map((row) => [told(row), figure(row.value)]),
    ),
  ].join("\n\n");
}

/** Atoms that a search found, a line each. */
export function hitTable(hits: readonly AtomHit[]): string {
  if (hits.length === 0) return "No atom matches";
  return hits.map(({ atom, label, score, texts }) =>
    `${named(atom, label)}  ${figure(score)}  ${
      texts.slice(0, TEXTS_SHOWN).map(clipped).join(", ")
    }`
  ).join("\n");
}

/** A row as its atoms make it up. */
export function rowPage(row: RowDescription): string {
  return [
    `Row ${told(row)}: residual ${figure(row.residual)}`,
    table(
      ["atom", "value", "contribution"],
      row.atoms.map(({ atom, label, value, contribution }) => [
        named(atom, label),
        figure(value),
        figure(contribution),
      ]),
    ),
  ].join("\n");
}

function named(atom: number, label: string | undefined): string {
  return label === undefined ? `${atom}` : `${atom} ${label}`;
}

function told({ row, text }: { row: number } & Partial<RowText>): string {
  return text ? clipped(text) : `${row}`;
}

// Texts are whatever the data holds: control characters would move the cursor.
function clipped(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return plain.length > LONGEST_TEXT
    ? `${plain.slice(0, LONGEST_TEXT - 1)}…`
    : plain;
}
