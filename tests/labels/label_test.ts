import assert from "node:assert/strict";
import {
  type AtomLabel,
  entryOf,
  labelOfSign,
  labelProblem,
  labelText,
  mergeLabels,
} from "../../src/labels/label.ts";
import { parseLabels } from "../../src/labels/file.ts";

const probed: AtomLabel = { label: "animals", source: "probe", score: 0.7 };

Deno.test("mergeLabels() lets a person's name win over what tools say, whichever came first", () => {
  assert.deepEqual(mergeLabels({ "2": "cats" }, { "2": probed }), {
    "2": "cats",
  });
  assert.deepEqual(mergeLabels({ "2": probed }, { "2": "cats" }), {
    "2": "cats",
  });
  assert.deepEqual(mergeLabels({ "2": "cats" }, { "2": "dogs" }), {
    "2": "dogs",
  });
});

Deno.test("mergeLabels() lets a later tool's name replace an earlier one's", () => {
  const later: AtomLabel = { label: "pets", source: "model", prompt: "1" };
  assert.deepEqual(mergeLabels({ "2": probed }, { "2": later }), {
    "2": later,
  });
});

Deno.test("mergeLabels() keeps names of different signs beside each other", () => {
  const up: AtomLabel = { label: "hot", source: "hand", sign: "+" };
  const down: AtomLabel = { label: "cold", source: "probe", sign: "-" };
  const both = mergeLabels({ "1": up }, { "1": down });
  assert.deepEqual(both, { "1": [up, down] });
  assert.equal(labelText(both["1"]), "hot (+), cold (−)");
  assert.equal(labelOfSign(both["1"], "-")?.label, "cold");
  // A name by hand for both signs is not given up for the sign that nothing else is said of.
  assert.deepEqual(mergeLabels({ "1": "weather" }, { "1": up }), {
    "1": [up, { label: "weather", source: "hand", sign: "-" }],
  });
  assert.deepEqual(mergeLabels({ "1": "weather" }, { "1": down }), {
    "1": "weather",
  });
});

Deno.test("entryOf() writes a person's name as plain text", () => {
  assert.equal(entryOf([{ label: "rain", source: "hand" }]), "rain");
  assert.deepEqual(entryOf([probed]), probed);
});

Deno.test("labelProblem() refuses names that a table or a terminal cannot show", () => {
  assert.equal(labelProblem("日本語 🙂 <b>"), undefined);
  assert.equal(labelProblem("x".repeat(200)), undefined);
  assert.match(labelProblem("x".repeat(201))!, /200 characters/);
  for (const bad of ["a\nb", "\u001b[31m", "a\u0085", "\ud800", "a\u2028b"]) {
    assert.match(labelProblem(bad)!, /control/, JSON.stringify(bad));
  }
  assert.match(labelProblem("  ")!, /empty/);
});

Deno.test("parseLabels() takes plain names and names with their source, and refuses anything else", () => {
  const parse = (entry: unknown) =>
    parseLabels(JSON.stringify({ "3": entry }), { atoms: 4 }, "labels.json");
  const up = { label: "hot", source: "hand", sign: "+" };
  const down = { label: "cold", source: "import", sign: "-", score: 0.5 };
  for (const good of ["music", probed, [up, down]]) {
    assert.deepEqual(parse(good), { "3": good });
  }
  const bad = [
    7,
    { label: 7, source: "hand" },
    { label: "x", source: "somebody" },
    { label: "x", source: "hand", sign: "±" },
    { label: "x", source: "hand", score: "high" },
    [up],
    [up, up],
    [up, down, down],
    [up, { label: "x", source: "hand" }],
  ];
  for (const entry of bad) {
    assert.throws(() => parse(entry), /label of atom 3/, JSON.stringify(entry));
  }
});

Deno.test("parseLabels() refuses two names for one atom, of which JSON keeps the last", () => {
  const parse = (text: string) =>
    parseLabels(text, { atoms: 20 }, "labels.json");
  const label = '{"label": "x {\\"1\\": [", "source": "hand", "model": "y"}';
  for (const twice of ['"1": "b"', '"\\u0031": "b"', `"1" : ${label}`]) {
    assert.throws(
      () => parse(`{"1": ${label}, "11": "1", ${twice}}`),
      /"1" is there twice \(labels\.json\)/,
    );
  }
  assert.deepEqual(
    Object.keys(parse(`{"1": ${label}, "11": "1", "2": ${label}}`)),
    ["1", "2", "11"],
  );
});
