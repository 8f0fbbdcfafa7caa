// An atom's page and a row's page.
import { bar, element, withStyle } from "./dom.js";
import { histogramPicture } from "./picture.js";
import { count, cutStart, figure, share } from "./words.js";

// A list shows four lines of a text: what stands before a token must not push it out of them.
const MOST_BEFORE = 120;

/** The page of one atom. */
export function atomPage(dictionary, atom) {
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

function atomKicker(dictionary, atom) {
  const group = dictionary.groups.length > 1
    ? ` · group ${dictionary.group(atom) + 1} of ${dictionary.groups.length}`
    : "";
  const place = dictionary.positions === undefined
    ? []
    : [" · ", element("a", { href: `#/map/${atom}` }, "show on the map")];
  return [`Atom ${atom} of ${count(dictionary.atoms)}${group}`, ...place];
}

function atomFigures(dictionary, atom) {
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

function topRowsSection(dictionary, atom) {
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
  const sides = [[positive, "with a positive value"], [
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

function topRow(dictionary, atom, { place, value }) {
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
function rowText(dictionary, place, strength, value) {
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

function neighboursSection(dictionary, atom) {
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

function atomLink(dictionary, atom) {
  return element(
    "a",
    { href: `#/atom/${atom}`, class: "atom-link" },
    element("span", { class: "index" }, String(atom)),
    element("bdi", {}, dictionary.title(atom) || `Atom ${atom}`),
  );
}

function histogramSection(dictionary, atom) {
  const bins = dictionary.histogramBins;
  if (bins === 0 || dictionary.uses[atom] === 0) return undefined;
  return section(
    "Values where it is used",
    histogramPicture(
      dictionary.histogramCounts.subarray(atom * bins, (atom + 1) * bins),
      dictionary.histogramLimits[atom],
    ),
  );
}

/** The page of one row: which atoms make it up. */
export function rowPage(dictionary, codes, place) {
  const parts = rowParts(codes, place);
  const explained = Math.max(0, 1 - dictionary.residual[place]);
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
        element("b", {}, dictionary.texts[place] || "No text"),
        dictionary.after?.[place],
      ),
    ),
    element(
      "p",
      { class: "lead" },
      `${count(codes.nonzeros[place])} atoms explain ${
        share(explained)
      } of this row's squared distance from the mean.`,
    ),
    decompositionBar(dictionary, parts, explained),
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

function rowParts(codes, place) {
  const parts = [];
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

function decompositionBar(dictionary, parts, explained) {
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

function partRow(dictionary, { atom, value, share: part }, first) {
  return element(
    "li",
    {},
    atomLink(dictionary, atom),
    element(
      "span",
      { class: "row-figures" },
      bar(Math.abs(value / first.value), value),
      element("span", { class: "value" }, figure(value)),
      element("span", { class: "value" }, share(part)),
    ),
  );
}

function section(title, ...body) {
  return element("section", {}, element("h3", {}, title), ...body);
}
