// A row's page: which atoms make it up, or show in it.
import type { Dictionary, PackedCodes } from "./types.ts";
import { bar, element, withStyle } from "./dom.ts";
import { atomLink, section } from "./page_parts.ts";
import { pictureOf } from "./pictures.ts";
import { count, figure, share } from "./words.ts";

/** What one atom does in a row. */
interface Part {
  atom: number;
  value: number;
  /** Of the squared values of all. */
  share: number;
}

/** The page of one row: which atoms make it up, or show in it. */
export function rowPage(
  dictionary: Dictionary,
  codes: PackedCodes,
  place: number,
): HTMLElement {
  const parts = rowParts(codes, place);
  const { by, residual } = dictionary;
  // Codes of another tool's file may come without residuals; activations always do, and make no row up.
  const known = !Number.isNaN(residual[place]);
  const explained = known ? Math.max(0, 1 - residual[place]) : 1;
  const nonzeros = count(codes.nonzeros[place]);
  return element(
    "article",
    { class: "row-page" },
    element("p", { class: "kicker" }, `Row ${dictionary.numbers[place]}`),
    element(
      "h2",
      { tabindex: "-1" },
      element(
        "bdi",
        { class: "whole-text" },
        dictionary.before?.[place],
        element("b", {}, rowTitle(dictionary, place)),
        dictionary.after?.[place],
      ),
    ),
    pictureOf(dictionary, place),
    element(
      "p",
      { class: "lead" },
      by === "activation"
        ? `The ${nonzeros} atoms whose activations are largest in this row.`
        : known
        ? `${nonzeros} atoms explain ${
          share(explained)
        } of this row's squared distance from the mean.`
        : `${nonzeros} atoms make up this row.`,
    ),
    by === "activation"
      ? undefined
      : decompositionBar(dictionary, parts, explained),
    section(
      "Its atoms, strongest first",
      element(
        "ol",
        { class: "rows" },
        parts.map((part) => partRow(dictionary, part, parts[0])),
      ),
    ),
  );
}

function rowTitle({ texts, pictures, numbers }: Dictionary, place: number) {
  const unnamed = pictures === undefined ? "No text" : `Row ${numbers[place]}`;
  return texts[place] || unnamed;
}

function rowParts(codes: PackedCodes, place: number): Part[] {
  const parts: Part[] = [];
  for (let s = 0; s < codes.slots; s++) {
    const value = codes.values[place * codes.slots + s] / 32767 *
      codes.largest[place];
    if (value === 0) break;
    parts.push({
      atom: codes.indices[place * codes.slots + s],
      value,
      share: value * value / codes.energy[place],
    });
  }
  return parts;
}

function decompositionBar(
  dictionary: Dictionary,
  parts: readonly Part[],
  explained: number,
) {
  const segments = parts.map(({ atom, value, share: part }) =>
    withStyle(
      element(
        "a",
        {
          href: `#/atom/${atom}`,
          class: value < 0 ? "negative" : "positive",
          title: `${atom}  ${dictionary.title(atom)}`,
          "aria-label": `Atom ${atom}, ${share(part)}`,
        },
        part * explained > 0.05 ? element("span", {}, String(atom)) : undefined,
      ),
      { width: `${part * explained * 100}%`, "--strength": 0.35 + 0.6 * part },
    )
  );
  return element(
    "figure",
    { class: "decomposition" },
    element("div", { class: "segments" }, segments),
    element(
      "figcaption",
      {},
      "The whole bar is the row; what is explained is shared out by squared value. ",
      element("span", { class: "key positive" }, "positive"),
      " ",
      element("span", { class: "key negative" }, "negative"),
      " ",
      element("span", { class: "key rest" }, "unexplained"),
    ),
  );
}

function partRow(
  dictionary: Dictionary,
  { atom, value, share: part }: Part,
  first: Part,
) {
  return element(
    "li",
    {},
    atomLink(dictionary, atom),
    element(
      "span",
      { class: "row-figures" },
      bar(Math.abs(value / first.value), value),
      element("span", { class: "value" }, figure(value)),
      dictionary.by === "activation"
        ? undefined
        : element("span", { class: "value" }, share(part)),
    ),
  );
}
