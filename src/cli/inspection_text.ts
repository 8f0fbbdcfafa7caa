import {
  type AtomDescription,
  describeAtom,
  type ShownRow,
  type SideDescription,
} from "../inspection/describe.ts";
import type { RowDescription } from "../inspection/describe_row.ts";
import type { Inspection } from "../inspection/inspect.ts";
import type { RowText } from "../inspection/latent_rows.ts";
import type { AtomHit } from "../inspection/search.ts";
import type { AtomLogits } from "../report/data.ts";
import { logitsInWords } from "../report/client/words.ts";
import { count, figure, table } from "../text.ts";

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
    one.sides.map(sideWords).join("  |  "),
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
export function atomPage(
  one: AtomDescription,
  unembedding?: AtomLogits["unembedding"],
): string {
  return [
    table([`Atom ${named(one.atom, one.label)}`, ""], [
      ["values are its", `${one.by}s`],
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
    ...(one.classes?.length
      ? [table(
        ["Classes it tells", "sign", "precision", "recall", "F1"],
        one.classes.map((rowText) => [
          `${rowText.label}: ${rowText.class}`,
          rowText.sign === "+" ? "+" : "−",
          figure(rowText.precision),
          figure(rowText.recall),
          figure(rowText.f1),
        ]),
      )]
      : []),
    ...one.together.length === 0 ? [] : [
      table(
        ["Fires together with", "of its rows"],
        one.together.map((other) => [
          named(other.atom, other.label),
          `${figure(100 * other.share)}%`,
        ]),
      ),
    ],
    ...one.sides.flatMap((side) => sideTables(side, one.sides.length)),
    ...unembedding === undefined ? [] : logitTables(one, unembedding),
  ].join("\n\n");
}

// Tokens in quotation marks, so that leading spaces are seen.
function logitTables(
  { logits = [] }: AtomDescription,
  unembedding: AtomLogits["unembedding"],
): string[] {
  const tables = logits.map(({ sign, promoted, suppressed }) => {
    const which = logits.length === 1
      ? ""
      : sign === "+"
      ? ", positive values"
      : ", negative values";
    return table(
      [`Tokens it promotes${which}`, "logit", " and suppresses", "logit"],
      promoted.map((most, i) => [
        JSON.stringify(most.token),
        figure(most.logit),
        JSON.stringify(suppressed[i].token),
        figure(suppressed[i].logit),
      ]),
    );
  });
  return [...tables, `Logits ${logitsInWords(unembedding)}`];
}

// A signed atom's two sides mean different things: each has lists of its own.
function sideTables(side: SideDescription, sides: number): string[] {
  const sign = side.sign === "+" ? "positive" : "negative";
  const which = sides === 1 && side.sign === "+" ? "" : `, ${sign} values`;
  const rows = (title: string, shown: readonly ShownRow[]) =>
    shown.length === 0 ? [] : [table(
      [title, "value"],
      shown.map((row) => [timed(row), figure(row.value)]),
    )];
  return [
    ...rows(
      `Rows that use it most${which} (${count(side.uses)} rows)`,
      side.top,
    ),
    ...rows(`Drawn from all of them, strongest first`, side.spread),
  ];
}

function timed(row: ShownRow): string {
  const where = row.before || row.after
    ? `${clipped(row.before ?? "", "end")} [${clipped(row.text ?? "")}] ${
      clipped(row.after ?? "")
    }`.trim()
    : rowText(row);
  return row.times === undefined ? where : `${where} ×${row.times}`;
}

function sideWords({ sign, top }: SideDescription): string {
  const words = top.slice(0, TEXTS_SHOWN).map(rowText).join(", ");
  return sign === "+" ? words : `− ${words}`;
}

/** What atoms of an inspection are about, in a few words: their label, or the texts of their strongest side. */
export function wordsOf(
  inspection: Inspection,
): (atom: number, value: number) => string {
  return (atom, value) => {
    const { label, sides } = describeAtom(inspection, atom);
    if (label !== undefined) return label;
    const sign = value < 0 ? "-" : "+";
    const side = sides.find((one) => one.sign === sign);
    return side === undefined
      ? ""
      : side.top.slice(0, 4).map(rowText).join(", ");
  };
}

/** Atoms that a search found, a line each. */
export function hitTable(hits: readonly AtomHit[]): string {
  if (hits.length === 0) return "No atom matches";
  const lines = table(
    ["atom", "match"],
    hits.map(({ atom, label, score }) => [named(atom, label), figure(score)]),
  ).split("\n");
  return lines.map((line, i) =>
    i === 0
      ? `${line}  rows`
      : `${line}  ${
        hits[i - 1].texts.slice(0, TEXTS_SHOWN).map((text) => clipped(text))
          .join(", ")
      }`.trimEnd()
  ).join("\n");
}

/** A row as its atoms make it up, or show in it, with the atoms' words where they are known. */
export function rowPage(
  row: RowDescription,
  words: (atom: number, value: number) => string,
): string {
  const { residual } = row;
  const lines = table(
    ["atom", "value", ...(residual === undefined ? [] : ["contribution"])],
    row.atoms.map(({ atom, label, value, contribution }) => [
      named(atom, label),
      figure(value),
      ...(contribution === undefined ? [] : [figure(contribution)]),
    ]),
  ).split("\n");
  return [
    `Row ${rowText(row)}: ${
      residual === undefined
        ? "its largest activations"
        : `residual ${figure(residual)}`
    }`,
    ...lines.map((line, i) => {
      if (i === 0) return line;
      const { atom, label, value } = row.atoms[i - 1];
      return `${line}  ${label === undefined ? words(atom, value) : ""}`
        .trimEnd();
    }),
  ].join("\n");
}

function named(atom: number, label: string | undefined): string {
  return label === undefined ? `${atom}` : `${atom} ${label}`;
}

function rowText({ row, text }: { row: number } & Partial<RowText>): string {
  return text ? clipped(text) : `${row}`;
}

// Texts are whatever the data holds: control characters would move the cursor.
function clipped(text: string, keep: "start" | "end" = "start"): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  const characters = [...plain];
  if (characters.length <= LONGEST_TEXT) return plain;
  return keep === "start"
    ? `${characters.slice(0, LONGEST_TEXT - 1).join("")}…`
    : `…${characters.slice(1 - LONGEST_TEXT).join("")}`;
}
