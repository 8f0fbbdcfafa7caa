import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { FaultServer } from "../net/fault_server.ts";
import { CPU } from "../use/helpers.ts";

/** Tokens of a text. */
export const TEXT_LENGTH = 24;

/** What a request asks a language model. */
export interface Asked {
  kind: "name" | "detection" | "fuzzing";
  /** The name that verdicts are asked on. */
  name: string;
  /** The texts, with their marks. */
  texts: string[];
}

/** A row's words: the latents that it uses, as `17+`, and what is its own. */
async function wordsOf(
  model: DictionaryModel,
  source: RowSource,
): Promise<string[]> {
  const words: string[] = [];
  for await (const { codes } of encodeRows(model, source, CPU)) {
    for (let row = 0; row < codes.rows; row++) {
      const from = row * codes.sparsity;
      const uses: string[] = [];
      for (let slot = from; slot < from + codes.sparsity; slot++) {
        if (codes.indices[slot] === EMPTY_SLOT || !codes.values[slot]) continue;
        uses.push(
          `a${codes.indices[slot]}${codes.values[slot] < 0 ? "-" : "+"}`,
        );
      }
      words.push([...uses, `row${words.length}`].join("."));
    }
  }
  return words;
}

/** The same rows with a text for each, that says which latents it uses. */
export async function withTexts(
  model: DictionaryModel,
  source: RowSource,
): Promise<RowSource> {
  const words = await wordsOf(model, source);
  return { ...source, ...columnOf(words) };
}

/** The same rows as tokens of texts, each of which says which latents it uses. */
export async function withTokens(
  model: DictionaryModel,
  source: RowSource,
): Promise<RowSource> {
  const words = await wordsOf(model, source);
  const textOf = (row: number) => Math.floor(row / TEXT_LENGTH);
  const lists = words.map((_, row) => {
    const first = textOf(row) * TEXT_LENGTH;
    return words.slice(first, first + TEXT_LENGTH)
      .map((word) => `${word}.text${textOf(row)}`);
  });
  return {
    ...source,
    ...columnOf(lists),
    readItems: ({ start, end }) => {
      const rows = Array.from({ length: end - start }, (_, i) => start + i);
      return Promise.resolve({
        rows: Float64Array.from(rows, textOf),
        items: Int32Array.from(rows, (row) => row % TEXT_LENGTH),
      });
    },
  };
}

function columnOf(
  values: unknown[],
): Pick<RowSource, "readColumns" | "otherColumns"> {
  const schema = [{ type: "BYTE_ARRAY", converted_type: "UTF8" }];
  return {
    otherColumns: () => Promise.resolve([{ name: "text", schema }]),
    readColumns: ([name], { start, end }) =>
      Promise.resolve([{ name, schema, values: values.slice(start, end) }]),
  };
}

/** What the body of a request asks. */
export function askedIn(body: string): Asked {
  const { messages } = JSON.parse(body);
  const task: string = messages[0].content;
  const lines: string[] = messages.at(-1).content.split("\n");
  const texts = lines.filter((line) => /^\d+\. /.test(line)).map((line) =>
    JSON.parse(/"(?:[^"\\]|\\.)*"/.exec(line)![0])
  );
  if (task.includes('"name"')) return { kind: "name", name: "", texts };
  const kind = task.includes("right parts") ? "fuzzing" : "detection";
  return { kind, name: JSON.parse(lines[0].slice("Name: ".length)), texts };
}

/** The parts of a text that are meant: the marked ones, or all of it. */
function tokensMeant(text: string): string[] {
  const marked = [...text.matchAll(/<<(.*?)>>/g)].map(([, part]) => part);
  return (marked.length > 0 ? marked : [text])
    .flatMap((part) => part.trim().split(" "));
}

const hasWord = (token: string, word: string) =>
  token.split(".").includes(word);

/** The right answer: the word that all texts have, or which texts have it in every part that is meant. */
export function rightAnswer({ kind, name, texts }: Asked): string {
  if (kind === "name") {
    const [first, ...rest] = texts.flatMap(tokensMeant);
    const common = first.split(".").filter((word) =>
      rest.every((token) => hasWord(token, word))
    );
    return JSON.stringify({ name: common.join(" ") || "nothing" });
  }
  const answers = texts.map((text) => {
    const tokens = tokensMeant(text);
    const right = kind === "fuzzing"
      ? tokens.every((token) => hasWord(token, name))
      : tokens.some((token) => hasWord(token, name));
    return right ? 1 : 0;
  });
  return JSON.stringify({ answers });
}

/** What a chat's server answers. */
export function chatAnswer(content: string, more: object = {}): Response {
  return Response.json({
    choices: [{
      message: { role: "assistant", content },
      finish_reason: "stop",
    }],
    usage: { prompt_tokens: 7, completion_tokens: 3 },
    ...more,
  });
}

/** A server of a language model that gives answers, `rightAnswer` unless another is named. */
export class ChatServer extends FaultServer {
  constructor(answer: (asked: Asked) => string = rightAnswer) {
    super();
    this.fault = (_, count) =>
      chatAnswer(answer(askedIn(this.seen[count - 1].body)));
  }

  /** What was asked. */
  get asked(): Asked[] {
    return this.seen.map(({ body }) => askedIn(body));
  }
}
