// An atom's page.
import type { Dictionary, PackedLogits } from "./types.ts";
import { rowsSections } from "./atom_rows.ts";
import { bar, type Child, element } from "./dom.ts";
import { logitSections } from "./logits.ts";
import { atomLink, section } from "./page_parts.ts";
import { histogramPicture } from "./picture.ts";
import { count, figure, share } from "./words.ts";

/** What stands on an atom's page where it is there. */
export interface AtomExtras {
  /** The field that names it, where names can be changed. */
  naming?: HTMLElement | undefined;
  /** The tokens that atoms promote and suppress. */
  logits?: PackedLogits | undefined;
}

/** The page of one atom. */
export function atomPage(
  dictionary: Dictionary,
  atom: number,
  { naming, logits }: AtomExtras = {},
): HTMLElement {
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
    naming,
    atomFigures(dictionary, atom),
    element(
      "div",
      { class: "columns" },
      element("div", {}, rowsSections(dictionary, atom)),
      element(
        "div",
        {},
        ...classesSection(dictionary, atom),
        logits && logitSections(dictionary, logits, atom),
        neighboursSection(dictionary, atom),
        partnersSection(dictionary, atom),
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

function partnersSection(dictionary: Dictionary, atom: number) {
  return otherAtoms(
    dictionary,
    "Fires together with",
    dictionary.partners(atom).map(({ atom, share: part }) => ({
      ...{ atom, bar: bar(part), value: share(part) },
    })),
  );
}

function classesSection(dictionary: Dictionary, atom: number) {
  const classes = dictionary.classes?.[atom] ?? [];
  if (classes.length === 0) return [];
  return [
    section(
      "Classes it tells",
      element("ul", {}, classes.map((one) => element("li", {}, one))),
    ),
  ];
}

function neighboursSection(dictionary: Dictionary, atom: number) {
  return otherAtoms(
    dictionary,
    "Nearest atoms",
    dictionary.neighbours(atom).map(({ atom, cosine }) => ({
      ...{ atom, bar: bar(Math.abs(cosine), cosine), value: figure(cosine, 2) },
    })),
  );
}

// Other atoms with what they have to do with this one, as a bar and a figure; nothing where there are none.
function otherAtoms(
  dictionary: Dictionary,
  title: string,
  others: readonly { atom: number; bar: Child; value: string }[],
) {
  if (others.length === 0) return undefined;
  return section(
    title,
    element(
      "ul",
      { class: "rows" },
      others.map(({ atom, bar, value }) =>
        element(
          "li",
          {},
          atomLink(dictionary, atom),
          element(
            "span",
            { class: "row-figures" },
            bar,
            element("span", { class: "value" }, value),
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
