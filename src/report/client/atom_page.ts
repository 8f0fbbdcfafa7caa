// An atom's page.
import type { Dictionary, PackedLogits, Side, TopRow } from "./types.ts";
import { bar, type Child, element, withStyle } from "./dom.ts";
import { logitSections } from "./logits.ts";
import { atomLink, section } from "./page_parts.ts";
import { histogramPicture } from "./picture.ts";
import { count, cutStart, figure, share } from "./words.ts";

// A list shows four lines of a text: what stands before a token must not push it out of them.
const MOST_BEFORE = 120;

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

function rowsSections(dictionary: Dictionary, atom: number): HTMLElement {
  const sides = dictionary.sidesOf(atom);
  if (sides.length === 0) {
    const why = dictionary.rows === 0
      ? "Inspect the model with its rows to see which ones use this atom."
      : "No row uses this atom.";
    return section(
      "Rows that use it most",
      element("p", { class: "empty" }, why),
    );
  }
  return element(
    "div",
    {},
    sides.map((side) => sideSections(dictionary, side)).flat(),
  );
}

// An atom's signs mean different things: each has its own lists.
function sideSections(
  dictionary: Dictionary,
  side: Side,
): Child[] {
  const suffix = dictionary.sides === 1
    ? ""
    : `, with a ${side.sign > 0 ? "positive" : "negative"} value`;
  const uses = `${count(side.uses)} rows (${
    share(side.uses / dictionary.rows)
  })`;
  const list = (rows: readonly TopRow[]) =>
    element(
      "ol",
      { class: "rows" },
      rows.map((row) => shownRow(dictionary, side, row)),
    );
  return [
    section(
      `Rows that use it most${suffix}`,
      element("p", { class: "lead" }, uses),
      list(side.top),
    ),
    side.spread.length === 0 ? undefined : element(
      "details",
      { class: "spread" },
      element(
        "summary",
        {},
        `Drawn from all ${count(side.uses)}, strongest first`,
      ),
      list(side.spread),
    ),
  ];
}

function shownRow(
  dictionary: Dictionary,
  side: Side,
  { place, value, times, context }: TopRow,
): HTMLElement {
  const strength = Math.abs(value) / (side.maxActivation || 1);
  return element(
    "li",
    {},
    element(
      "a",
      { href: `#/row/${dictionary.numbers[place]}` },
      rowText(dictionary, place, { strength, value, context }),
    ),
    element(
      "span",
      { class: "row-figures" },
      times > 1
        ? element(
          "span",
          { class: "times", title: "rows of this text" },
          `×${times}`,
        )
        : undefined,
      bar(strength, value),
      element("span", { class: "value" }, figure(value)),
    ),
  );
}

/** How strongly a row, and the tokens around it, use an atom. */
interface Strength {
  /** |value| as a share of the latent's largest. */
  strength: number;
  value: number;
  /** Activations of the tokens around, as shares of the row's own. */
  context?: readonly number[] | undefined;
}

// A row's text, marked as strongly as the atom takes part in it; of a text's tokens, each as strongly as it does
// itself.
function rowText(
  dictionary: Dictionary,
  place: number,
  { strength, value, context }: Strength,
): HTMLElement {
  const tokens = dictionary.tokens?.[place];
  if (tokens !== undefined && context !== undefined) {
    const at = dictionary.at?.[place] ?? 0;
    const middle = (context.length - 1) / 2;
    return element(
      "bdi",
      { class: "row-text tokens" },
      tokens.map((token, i) => {
        const own = context[middle + i - at] ?? 0;
        return marked(token, own * value, strength * Math.abs(own), i === at);
      }),
    );
  }
  const text = dictionary.texts[place];
  return element(
    "bdi",
    { class: "row-text" },
    cutStart(dictionary.before?.[place] ?? "", MOST_BEFORE),
    marked(
      text === "" ? `row ${dictionary.numbers[place]}` : text,
      value,
      strength,
      true,
    ),
    dictionary.after?.[place],
  );
}

function marked(
  text: string,
  value: number,
  strength: number,
  own: boolean,
): Child {
  if (value === 0) return text;
  const mark = element("mark", {
    class: `${value < 0 ? "negative" : "positive"}${own ? " own" : ""}`,
  }, text);
  const shade = 0.08 + 0.42 * Math.min(1, strength);
  return withStyle(mark, { "--strength": shade.toFixed(3) });
}

function partnersSection(dictionary: Dictionary, atom: number) {
  const partners = dictionary.partners(atom);
  if (partners.length === 0) return undefined;
  return section(
    "Fires together with",
    element(
      "ul",
      { class: "rows" },
      partners.map(({ atom: other, share: part }) =>
        element(
          "li",
          {},
          atomLink(dictionary, other),
          element(
            "span",
            { class: "row-figures" },
            bar(part),
            element("span", { class: "value" }, share(part)),
          ),
        )
      ),
    ),
  );
}

function classesSection(dictionary: Dictionary, atom: number) {
  const told = dictionary.classes?.[atom] ?? [];
  if (told.length === 0) return [];
  return [
    section(
      "Classes it tells",
      element("ul", {}, told.map((one) => element("li", {}, one))),
    ),
  ];
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
