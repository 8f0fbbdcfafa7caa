import assert from "node:assert/strict";
import { markedText, plainText } from "../../src/explaining/marks.ts";
import {
  nameIn,
  nameQuestion,
  PROMPT_VERSION,
  verdictQuestion,
  verdictsIn,
} from "../../src/explaining/prompts.ts";

Deno.test("names are found in answers with fences, thoughts and quotes around them", () => {
  const found: [string, string | undefined][] = [
    ['{"name": "rain"}', "rain"],
    [
      '<think>{"name": "no"} perhaps</think>\n{"name":"rain and snow."}',
      "rain and snow",
    ],
    ['```json\n{"name": "\\"rain\\""}\n```', "rain"],
    ['Here it is: {"name": "a\\n  b"} as asked', "a b"],
    ['{"name": "\\u202egnp.\\u2066x"}', "gnp.x"],
    ['{"name": ""}', undefined],
    ['{"name": 7}', undefined],
    ['{"name": "cut o', undefined],
    [`{"name": "${"x".repeat(201)}"}`, undefined],
    ['{"name": "bell\\u0007"}', undefined],
    ["rain", undefined],
    ["", undefined],
    [`{"name": "x"${"[".repeat(100_000)}`, undefined],
  ];
  for (const [answer, name] of found) {
    assert.equal(nameIn(answer), name, answer);
  }
});

Deno.test("verdicts are exactly as many as the texts, or none", () => {
  const found: [string, boolean[] | undefined][] = [
    ['{"answers": [1, 0]}', [true, false]],
    ["[true, false]", [true, false]],
    ["So I say [0, 1].", [false, true]],
    ['{"answers": [1]}', undefined],
    ['{"answers": [1, 0, 1]}', undefined],
    ['{"answers": [1, 2]}', undefined],
    ['{"answers": "10"}', undefined],
    ["", undefined],
  ];
  for (const [answer, verdicts] of found) {
    assert.deepEqual(verdictsIn(answer, 2), verdicts, answer);
  }
});

Deno.test("neighbouring marked tokens stand in one mark, and a text's own marks are no marks", () => {
  const example = {
    ...{ row: 0, strengths: [0, 1, 1, 0, 1] },
    tokens: ["so", " <<heavy>>", " rain", " fell", " again"],
  };
  assert.equal(
    markedText(example, [1, 2, 4]),
    "so<< < <heavy> > rain>> fell<< again>>",
  );
  assert.equal(plainText(example), "so < <heavy> > rain fell again");
});

// Names carry the version: the digest changes where a prompt does, and then the version has to.
Deno.test("the prompts are those of their version", async () => {
  const texts = [{ text: "a", level: 10, parts: [{ text: "a", level: 10 }] }];
  const all = [
    nameQuestion(texts),
    verdictQuestion("detection", "n", ["a", "b"]),
    verdictQuestion("fuzzing", "n", ["a", "b"]),
  ];
  const bytes = new TextEncoder().encode(JSON.stringify(all));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assert.deepEqual([PROMPT_VERSION, digest.toHex().slice(0, 16)], [
    "dbksvd-1",
    "6e65c8af84664d4d",
  ]);
});
