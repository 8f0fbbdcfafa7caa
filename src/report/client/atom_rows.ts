// The rows that use an atom, on its page.
import type { Dictionary, Side, TopRow } from "./types.ts";
import { bar, type Child, element, withStyle } from "./dom.ts";
import { section } from "./page_parts.ts";
import { pictureOf } from "./pictures.ts";
import { count, cutStart, figure, share } from "./words.ts";

// A list shows four lines of a text: what stands before a token must not push it out of them.
const MOST_BEFORE = 120;

/** The rows that use an atom most, and those drawn from all: by the sign of its codes. */
export function rowsSections(
  dictionary: Dictionary,
  atom: number,
): HTMLElement {
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
    dictionary.pictures === undefined
      ? element(
        "ol",
        { class: "rows" },
        rows.map((row) => shownRow(dictionary, side, row)),
      )
      : element(
        "ol",
        { class: "pictures" },
        rows.map((row) => shownPicture(dictionary, side, row)),
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

function shownPicture(
  dictionary: Dictionary,
  side: Side,
  { place, value }: TopRow,
): HTMLElement {
  const text = dictionary.texts[place];
  return element(
    "li",
    {},
    element(
      "a",
      { href: `#/row/${dictionary.numbers[place]}`, title: text || undefined },
      pictureOf(dictionary, place),
      element(
        "bdi",
        { class: "caption" },
        text || `row ${dictionary.numbers[place]}`,
      ),
    ),
    element(
      "span",
      { class: "row-figures" },
      bar(Math.abs(value) / (side.maxActivation || 1), value),
      element("span", { class: "value" }, figure(value)),
    ),
  );
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
