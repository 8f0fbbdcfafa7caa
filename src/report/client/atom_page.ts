// An atom's page.
import type { Dictionary, TopRow } from "./types.ts";
import { bar, type Child, element, withStyle } from "./dom.ts";
import { atomLink, section } from "./page_parts.ts";
import { histogramPicture } from "./picture.ts";
import { count, cutStart, figure, share } from "./words.ts";

// A list shows four lines of a text: what stands before a token must not push it out of them.
const MOST_BEFORE = 120;

/** The page of one atom. */
export function atomPage(dictionary: Dictionary, atom: number): HTMLElement {
  const label = dictionary.label(atom);
  const title = dictionary.title(atom);
  return element(
    "article",
    { class: "atom-page" },
    element("p", { class: "kicker" }, atomKicker(dictionary, atom)),
    element(
      "h2",
      { tabindex: "-1" },
      element("bdi", {}, label ?? (title || `Atom ${atom}`)),
    ),
    atomFigures(dictionary, atom),
    element(
      "div",
      { class: "columns" },
      element("div", {}, topRowsSection(dictionary, atom)),
      element(
        "div",
        {},
        neighboursSection(dictionary, atom),
        histogramSection(dictionary, atom),
      ),
    ),
  );
}

function atomKicker(dictionary: Dictionary, atom: number): Child[] {
  const group = dictionary.groups.length > 1
    ? ` · group ${dictionary.group(atom) + 1} of ${dictionary.groups.length}`
    : "";
  const place = dictionary.positions === undefined
    ? []
    : [" · ", element("a", { href: `#/map/${atom}` }, "show on the map")];
  return [`Atom ${atom} of ${count(dictionary.atoms)}${group}`, ...place];
}

function atomFigures(dictionary: Dictionary, atom: number) {
  const tiles = [
    ["Nearest atom", figure(dictionary.coherence[atom]), "largest |cosine|"],
  ];
  if (dictionary.rows > 0) {
    const density = share(dictionary.density(atom));
    tiles.unshift(
      ["Rows that use it", count(dictionary.uses[atom]), `${density} of them`],
      ["Mean |value|", figure(dictionary.meanActivation[atom]), "where used"],
      ["Largest |value|", figure(dictionary.maxActivation[atom]), "of any row"],
    );
  }
  return element(
    "dl",
    { class: "tiles" },
    tiles.map(([name, value, more]) =>
      element(
        "div",
        {},
        element("dt", {}, name),
        element("dd", { class: "value" }, value),
        element("dd", { class: "more" }, more),
      )
    ),
  );
}

function topRowsSection(dictionary: Dictionary, atom: number) {
  const rows = dictionary.topRows(atom);
  if (rows.length === 0) {
    const why = dictionary.rows === 0
      ? "Inspect the model with its rows to see which ones use this atom."
      : "No row uses this atom.";
    return section(
      "Rows that use it most",
      element("p", { class: "empty" }, why),
    );
  }
  const positive = rows.filter(({ value }) => value > 0);
  const negative = rows.filter(({ value }) => value < 0);
  const both = positive.length > 0 && negative.length > 0;
  const sides: [TopRow[], string][] = [[positive, "with a positive value"], [
    negative,
    "with a negative value",
  ]];
  if (both && rows[0].value < 0) sides.reverse();
  return element(
    "div",
    {},
    sides.filter(([side]) => side.length > 0).map(([side, name]) =>
      section(
        both || side === negative
          ? `Rows that use it most, ${name}`
          : "Rows that use it most",
        element(
          "ol",
          { class: "rows" },
          side.map((row) => topRow(dictionary, atom, row)),
        ),
      )
    ),
  );
}

function topRow(
  dictionary: Dictionary,
  atom: number,
  { place, value }: TopRow,
) {
  const strength = Math.abs(value) / (dictionary.maxActivation[atom] || 1);
  return element(
    "li",
    {},
    element(
      "a",
      { href: `#/row/${dictionary.numbers[place]}` },
      rowText(dictionary, place, strength, value),
    ),
    element(
      "span",
      { class: "row-figures" },
      bar(strength, value),
      element("span", { class: "value" }, figure(value)),
    ),
  );
}

// A row's text, marked as strongly as the atom takes part in it; of a token, only the token is marked.
function rowText(
  dictionary: Dictionary,
  place: number,
  strength: number,
  value: number,
) {
  const text = dictionary.texts[place];
  const marked = element("mark", {
    class: value < 0 ? "negative" : "positive",
  }, text === "" ? `row ${dictionary.numbers[place]}` : text);
  withStyle(marked, { "--strength": (0.08 + 0.42 * strength).toFixed(3) });
  return element(
    "bdi",
    { class: "row-text" },
    cutStart(dictionary.before?.[place] ?? "", MOST_BEFORE),
    marked,
    dictionary.after?.[place],
  );
}

function neighboursSection(dictionary: Dictionary, atom: number) {
  const neighbours = dictionary.neighbours(atom);
  if (neighbours.length === 0) return undefined;
  return section(
    "Nearest atoms",
    element(
      "ul",
      { class: "rows" },
      neighbours.map(({ atom: other, cosine }) =>
        element(
          "li",
          {},
          atomLink(dictionary, other),
          element(
            "span",
            { class: "row-figures" },
            bar(Math.abs(cosine), cosine),
            element("span", { class: "value" }, figure(cosine, 2)),
          ),
        )
      ),
    ),
  );
}

function histogramSection(dictionary: Dictionary, atom: number) {
  const { histogramBins: bins, histogramCounts, histogramLimits } = dictionary;
  if (histogramCounts === undefined || histogramLimits === undefined) return;
  if (dictionary.uses[atom] === 0) return;
  return section(
    "Values where it is used",
    histogramPicture(
      histogramCounts.subarray(atom * bins, (atom + 1) * bins),
      histogramLimits[atom],
    ),
  );
}
