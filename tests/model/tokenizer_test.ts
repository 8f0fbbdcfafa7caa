import assert from "node:assert/strict";
import { parseTokenizer } from "../../src/files/tokenizer.ts";

const parse = (file: unknown) =>
  parseTokenizer(JSON.stringify(file), "tokenizer.json");

Deno.test("parseTokenizer() reads byte-level BPE: leading spaces, bytes of a character, special tokens as they are", () => {
  const tokens = parse({
    model: {
      type: "BPE",
      vocab: { "Ġthe": 0, "æĹ": 1, "¥": 2, "Ċ": 3, "é": 4 },
    },
    decoder: { type: "Sequence", decoders: [{ type: "ByteLevel" }] },
    added_tokens: [{ id: 5, content: "<|endoftext|>", special: true }],
  });
  assert.equal(tokens.size, 6);
  assert.equal(tokens.text(0), " the");
  assert.equal(tokens.text(1), "\ufffd");
  assert.equal(tokens.text(3), "\n");
  assert.equal(tokens.text(5), "<|endoftext|>");
  assert.equal(tokens.join([0, 1, 2]), " the日");
});

Deno.test("parseTokenizer() reads SentencePiece: ▁ is a space, <0x..> a byte", () => {
  const bpe = parse({
    model: {
      type: "BPE",
      vocab: { "▁rain": 0, "<0xE2>": 1, "<0x82>": 2, "<0xAC>": 3 },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    added_tokens: [{ id: 4, content: "▁▁", special: false }],
  });
  assert.equal(bpe.text(0), " rain");
  assert.equal(bpe.join([1, 2, 3]), "€");
  assert.equal(bpe.text(4), "  ");
  const unigram = parse({
    model: { type: "Unigram", vocab: [["<unk>", 0], ["▁a", -1.5]] },
    decoder: { type: "Metaspace" },
  });
  assert.equal(unigram.text(1), " a");
});

Deno.test("parseTokenizer() reads WordPiece: a word begins with a space, a part goes on", () => {
  const tokens = parse({
    model: { type: "WordPiece", vocab: { play: 0, "##ing": 1 } },
    decoder: { type: "WordPiece", prefix: "##" },
  });
  assert.equal(tokens.join([0, 1]), " playing");
});

Deno.test("parseTokenizer() reads plain lists, and names ids that have no token", () => {
  assert.equal(parse(["a", " b"]).join([1, 0]), " ba");
  assert.equal(parse({ a: 1, " b": 0 }).text(1), "a");
  assert.equal(parse(["a"]).text(7), "<7>");
});

Deno.test("parseTokenizer() refuses what holds no tokens", () => {
  const bad = [7, [], {}, [1], { model: {} }, { model: { vocab: { a: -1 } } }, {
    model: { vocab: { a: 1e12 } },
  }, { model: { vocab: {} }, added_tokens: [3] }];
  for (const file of bad) {
    assert.throws(() => parse(file), { kind: "data" }, JSON.stringify(file));
  }
  assert.throws(() => parseTokenizer("{"), /it is not JSON/);
});
