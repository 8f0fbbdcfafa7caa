import { createHash } from "node:crypto";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { joined } from "./joined.ts";

/** Texts of tokens by their ids: bytes where a token is a part of a character, else text. */
export interface TokenTexts {
  /** How many ids there are: the largest one plus 1. */
  readonly size: number;
  /** SHA-256 of all texts: tells one vocabulary from another. */
  readonly digest: string;
  /** One token as people read it, its leading space included; `�` stands for bytes that are no whole character. */
  text(id: number): string;
  /** A run of tokens as they stand in a text: bytes of neighbouring tokens are joined before they become characters. */
  join(ids: ArrayLike<number>): string;
}

/**
 * Reads the texts of tokens from Hugging Face's `tokenizer.json` (any model: BPE, Unigram, WordPiece), or from a
 * plain list (`["the", " cat"]`, or `{"the": 0, " cat": 1}`).
 *
 * Tokens of byte-level BPE (GPT-2, Llama 3, Qwen) are bytes under other names; SentencePiece (Llama 2, Gemma) writes
 * a space as `▁` and a byte as `<0xE2>`. A tokenizer's own `decode([id])` loses leading spaces (15 763 of Llama 2's
 * 32 000 tokens), which matter where single tokens are shown.
 *
 * @param json the file's text
 * @param file its name, for errors
 * @throws {DbksvdError} `data` where it is neither
 */
export function parseTokenizer(json: string, file?: string): TokenTexts {
  const refuse = (why: string, cause?: unknown) =>
    new DbksvdError("data", `Not a tokenizer's file, ${why}`, {
      where: { file },
      mend:
        "give the model's tokenizer.json, or a JSON list of its tokens in order of their ids",
      cause,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  if (Array.isArray(parsed)) return plainList(parsed.entries(), refuse);
  if (!isJsonObject(parsed)) throw refuse("it holds no tokens");
  if (!isJsonObject(parsed.model)) {
    const byId = Object.entries(parsed)
      .map(([token, id]): [unknown, unknown] => [id, token]);
    return plainList(byId, refuse);
  }
  return texts(piecesOf(parsed, refuse));
}

type Refuse = (why: string) => DbksvdError;

function plainList(
  entries: Iterable<[unknown, unknown]>,
  refuse: Refuse,
): TokenTexts {
  const pieces: (string | Uint8Array)[] = [];
  for (const [id, token] of entries) {
    if (typeof token !== "string" || !isId(id)) {
      throw refuse("its tokens are not texts with ids");
    }
    pieces[id] = token;
  }
  if (pieces.length === 0) throw refuse("it holds no tokens");
  return texts(pieces);
}

/** More ids than any vocabulary has: an array is made of this size at most. */
const MOST_TOKENS = 10_000_000;

function isId(id: unknown): id is number {
  return typeof id === "number" && Number.isInteger(id) && id >= 0 &&
    id < MOST_TOKENS;
}

function piecesOf(
  tokenizer: Record<string, unknown>,
  refuse: Refuse,
): (string | Uint8Array)[] {
  const { vocab } = tokenizer.model as { vocab?: unknown };
  const decode = decoderOf(tokenizer.decoder);
  const pieces: (string | Uint8Array)[] = [];
  const take = (id: unknown, token: unknown, piece: typeof decode) => {
    if (typeof token !== "string" || !isId(id)) {
      throw refuse("its vocabulary is not tokens with ids");
    }
    pieces[id] = piece(token);
  };
  // Unigram models have a list of [token, score]; the others an object of ids.
  if (Array.isArray(vocab)) {
    vocab.forEach((entry, id) => take(id, entry?.[0], decode));
  } else if (isJsonObject(vocab)) {
    for (const [token, id] of Object.entries(vocab)) take(id, token, decode);
  } else throw refuse("its model has no vocabulary");
  const added = tokenizer.added_tokens;
  for (const entry of Array.isArray(added) ? added : []) {
    if (!isJsonObject(entry)) throw refuse("its added tokens are not objects");
    take(
      entry.id,
      entry.content,
      entry.special === true ? (token) => token : (token) => spaced(token),
    );
  }
  return pieces;
}

const spaced = (token: string) => token.replaceAll("▁", " ");

function decoderOf(decoder: unknown): (token: string) => string | Uint8Array {
  if (usesDecoder(decoder, "ByteLevel")) return byteLevel;
  if (usesDecoder(decoder, "ByteFallback")) {
    return (token) => {
      const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
      return byte === undefined
        ? spaced(token)
        : Uint8Array.of(parseInt(byte, 16));
    };
  }
  if (usesDecoder(decoder, "WordPiece")) {
    return (token) => token.startsWith("##") ? token.slice(2) : ` ${token}`;
  }
  return spaced;
}

function usesDecoder(decoder: unknown, type: string): boolean {
  if (!isJsonObject(decoder)) return false;
  const { decoders } = decoder;
  return decoder.type === type ||
    Array.isArray(decoders) && decoders.some((one) => usesDecoder(one, type));
}

/** GPT-2's names of bytes: a printable one is itself, the others are numbered from 256 on. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  (() => {
    const printable = (byte: number) =>
      byte >= 33 && byte <= 126 || byte >= 161 && byte !== 173;
    let further = 256;
    return Array.from({ length: 256 }, (_, byte): [string, number] => [
      String.fromCodePoint(printable(byte) ? byte : further++),
      byte,
    ]);
  })(),
);

function byteLevel(token: string): Uint8Array {
  const encoder = new TextEncoder();
  return new Uint8Array([...token].flatMap((character) => {
    const byte = BYTE_OF_CHARACTER.get(character);
    return byte === undefined ? [...encoder.encode(character)] : [byte];
  }));
}

function texts(
  pieces: readonly (string | Uint8Array | undefined)[],
): TokenTexts {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytesOf = (id: number) => {
    const piece = pieces[id] ?? `<${id}>`;
    return typeof piece === "string" ? encoder.encode(piece) : piece;
  };
  let digest: string | undefined;
  return {
    size: pieces.length,
    get digest() {
      return digest ??= digestOf(Array.from(pieces, (_, id) => bytesOf(id)));
    },
    text: (id) => decoder.decode(bytesOf(id)),
    join(ids) {
      return decoder.decode(joined(Array.from(ids, bytesOf)));
    },
  };
}

function digestOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(`${piece.length} `).update(piece);
  return hash.digest("hex");
}
