// The tokens that an atom promotes and suppresses.
import type { Dictionary, PackedLogits } from "./types.ts";
import { bar, type Child, element } from "./dom.ts";
import { section } from "./page_parts.ts";
import { figure, logitsInWords } from "./words.ts";

const EMPTY = 0xFFFFFFFF;

/** A token and its logit. */
interface TokenLogit {
  text: string;
  logit: number;
}

/** The sections of an atom: one a sign of its codes, the stronger one open. */
export function logitSections(
  dictionary: Dictionary,
  logits: PackedLogits,
  atom: number,
): Child[] {
  const { unembedding, sides } = dictionary;
  if (unembedding === undefined) return [];
  const stronger = dictionary.sidesOf(atom)[0]?.sign ?? 1;
  const about = element("p", { class: "lead" }, logitsInWords(unembedding));
  const lists = (sign: 1 | -1) => endLists(logits, atom, sign);
  if (sides === 1) return [section("Logits", about, lists(1))];
  const name = (sign: 1 | -1) => sign > 0 ? "positive" : "negative";
  const other = stronger > 0 ? -1 : 1;
  return [
    section(`Logits, with a ${name(stronger)} value`, about, lists(stronger)),
    element(
      "details",
      { class: "spread" },
      element("summary", {}, `With a ${name(other)} value`),
      lists(other),
    ),
  ];
}

// A negative value turns the ends round.
function endLists(logits: PackedLogits, atom: number, sign: 1 | -1) {
  const high = endOf(logits, "promoted", atom, sign);
  const low = endOf(logits, "suppressed", atom, sign);
  const [promoted, suppressed] = sign > 0 ? [high, low] : [low, high];
  const most = Math.max(
    ...[...promoted, ...suppressed].map(({ logit }) => Math.abs(logit)),
  ) || 1;
  const list = (title: string, tokens: readonly TokenLogit[]) =>
    element(
      "div",
      {},
      element("h4", {}, title),
      element(
        "ol",
        { class: "rows" },
        tokens.map((one) => tokenRow(one, most)),
      ),
    );
  return element(
    "div",
    { class: "ends" },
    list("Promotes", promoted),
    list("Suppresses", suppressed),
  );
}

function endOf(
  logits: PackedLogits,
  end: "promoted" | "suppressed",
  atom: number,
  sign: 1 | -1,
): TokenLogit[] {
  const { count, texts } = logits;
  const tokens = logits[end];
  const values = logits[`${end}Logits`];
  const found: TokenLogit[] = [];
  for (let slot = atom * count; slot < (atom + 1) * count; slot++) {
    if (tokens[slot] === EMPTY) break;
    found.push({ text: texts[tokens[slot]], logit: sign * values[slot] });
  }
  return found;
}

function tokenRow({ text, logit }: TokenLogit, most: number) {
  return element(
    "li",
    {},
    element("bdi", { class: "token" }, text.replaceAll("\n", "⏎")),
    element(
      "span",
      { class: "row-figures" },
      bar(Math.abs(logit) / most, logit),
      element("span", { class: "value" }, figure(logit)),
    ),
  );
}
