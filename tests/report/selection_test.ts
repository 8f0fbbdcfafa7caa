import assert from "node:assert/strict";
import { createDictionary } from "../../src/report/client/dictionary.ts";
import { EMPTY_SLOT } from "../../src/engine/engine.ts";
import { createFinder } from "../../src/report/client/finder.ts";
import { selectAtoms } from "../../src/report/client/selection.ts";
import type { PackedAtoms, PackedRows } from "../../src/report/client/types.ts";
import { unpackPart } from "../../src/report/client/unpack.ts";
import { browserParts } from "../../src/report/browser_parts.ts";
import { fixtureBrowser } from "./browser_fixture.ts";

const OPEN = {
  query: "",
  order: "auto",
  usageFrom: 0,
  usageTo: 1,
  coherenceFrom: 0,
  coherenceTo: 1,
  labelled: false,
  group: undefined as number | undefined,
};

async function opened(data = fixtureBrowser()) {
  const parts = browserParts(data);
  const [atoms, rows] = await Promise.all([
    unpackPart<PackedAtoms>(parts.atoms),
    unpackPart<PackedRows>(parts.rows),
  ]);
  const dictionary = createDictionary(atoms, rows);
  const find = createFinder(dictionary);
  return {
    data,
    dictionary,
    choose: (filter: Partial<typeof OPEN>): number[] => [
      ...selectAtoms(dictionary, { ...OPEN, ...filter }, find),
    ],
  };
}

Deno.test("createDictionary() gives the rows and neighbours that went in", async () => {
  const { data, dictionary } = await opened();
  const { perLatent, samples, values } = data.top;
  const slots = Array.from(
    { length: 2 * perLatent },
    (_, t) => 2 * 9 * perLatent + t,
  ).filter((slot) => samples[slot] !== EMPTY_SLOT);
  assert.deepEqual(
    dictionary.topRows(9),
    slots.map((slot) => ({
      place: samples[slot],
      value: values[slot],
      times: 1,
    })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value)),
  );
  assert.deepEqual(dictionary.partners(9), [{ atom: 12, share: 0.25 }]);
  assert.equal(dictionary.neighbours(9)[0].atom, 10);
  assert.deepEqual(dictionary.topRows(63), []);
  assert.equal(dictionary.title(5), "ships & <i>seas</i>");
  assert.equal(dictionary.group(15), 0);
  assert.equal(dictionary.group(16), 1);
  assert.equal(dictionary.placeOfRow(30), 3);
});

Deno.test("selectAtoms() lists every atom, most used first, without a query", async () => {
  const { data, choose } = await opened();
  const uses = choose({}).map((atom) => data.table.uses[atom]);
  assert.equal(uses.length, 64);
  assert.deepEqual(uses, uses.toSorted((a, b) => b - a));
});

Deno.test("selectAtoms() finds atoms whose top rows hold every word", async () => {
  const { data, choose } = await opened();
  const { samples, top } = data;
  const found = choose({ query: "THEME3 word1" }).sort((a, b) => a - b);
  const expected = Array.from({ length: 64 }, (_, atom) => atom)
    .filter((atom) => {
      const texts = [
        ...top.samples.subarray(
          2 * atom * top.perLatent,
          2 * (atom + 1) * top.perLatent,
        ),
      ].map((place) => samples.texts[place] ?? "");
      return ["theme3", "word1"].every((word) =>
        texts.some((text) => text.includes(word))
      );
    });
  assert(expected.length > 0 && expected.length < 64);
  assert.deepEqual(found, expected);
});

Deno.test("selectAtoms() finds labels and indices, and nothing where nothing matches", async () => {
  const { choose } = await opened();
  assert.deepEqual(choose({ query: "seas" }), [5]);
  assert.deepEqual(choose({ query: "#63" }), [63]);
  assert.deepEqual(choose({ query: "nowhere at all" }), []);
  assert.deepEqual(choose({ labelled: true }), [5]);
});

Deno.test("selectAtoms() puts the atom that the matching row uses most first", async () => {
  const { data, choose } = await opened();
  const strength = (atom: number) => {
    const slot = [...data.samples.indices.subarray(0, 4)].indexOf(atom);
    return Math.abs(data.samples.values[slot]) / data.table.maxActivation[atom];
  };
  const found = choose({ query: "harbour" });
  assert(found.length > 0);
  assert.deepEqual(found, found.toSorted((a, b) => strength(b) - strength(a)));
});

Deno.test("selectAtoms() filters by usage, coherence and group", async () => {
  const { data, choose } = await opened();
  const { uses, coherence } = data.table;
  const limit = uses[choose({})[20]] / data.rows;
  for (const atom of choose({ usageFrom: limit })) {
    assert(uses[atom] / data.rows >= limit);
  }
  assert.deepEqual(choose({ usageTo: 0 }), [63]);
  coherence[7] = 0.99;
  const { choose: again } = await opened(data);
  assert.deepEqual(again({ coherenceFrom: 0.95 }), [7]);
  assert.equal(again({ group: 0 }).length, 16);
});

Deno.test("selectAtoms() keeps every order it offers", async () => {
  const { data, choose } = await opened();
  const { uses, meanActivation, maxActivation, coherence } = data.table;
  const rising: [string, ArrayLike<number>, number][] = [
    ["uses", uses, -1],
    ["rare", uses, 1],
    ["mean", meanActivation, -1],
    ["largest", maxActivation, -1],
    ["coherent", coherence, -1],
    ["lone", coherence, 1],
    ["index", Array.from(uses.keys()), 1],
  ];
  for (const [order, column, sign] of rising) {
    const keys = choose({ order }).map((atom) => sign * column[atom]);
    assert.deepEqual(keys, keys.toSorted((a, b) => a - b), order);
  }
});
