import assert from "node:assert/strict";
import { join } from "node:path";
import { inspect } from "../../src/inspection/inspect.ts";
import { searchAtoms } from "../../src/inspection/search.ts";
import { createFinder } from "../../src/report/client/finder.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { CPU, writeTexts } from "../use/helpers.ts";

/** Atoms by the texts of their top rows, all of the same weight; and their labels. */
function finderOf(atoms: string[][], labels: Record<number, string> = {}) {
  const texts = atoms.flat();
  let first = 0;
  const places = atoms.map((own) => own.map(() => first++));
  const find = createFinder({
    atoms: atoms.length,
    texts,
    label: (atom) => labels[atom],
    topRows: (atom) => places[atom].map((place) => ({ place, value: -2 })),
  });
  return (query: string) => {
    const scores = find(query)!;
    return [...scores.keys()].filter((atom) => scores[atom] > 0)
      .sort((a, b) => scores[b] - scores[a] || a - b);
  };
}

Deno.test("createFinder() puts whole words before parts of words, however many rows have the part", () => {
  const find = finderOf([
    ["ukraine", "ukrainian", "ukraine"],
    ["sun", "rain", "snow", "wind"],
    ["train", "trains", "the rain, and"],
  ]);
  assert.deepEqual(find("rain"), [2, 1, 0]);
  assert.deepEqual(find("Ukrain"), [0]);
});

Deno.test("createFinder() puts labels before texts: the whole label, a word of it, a part", () => {
  const find = finderOf([["rain"], ["x"], ["y"], ["z"]], {
    1: "trains",
    2: "heavy rain",
    3: "Rain",
  });
  assert.deepEqual(find("rain"), [3, 2, 1, 0]);
  assert.deepEqual(find("#0"), [0]);
});

Deno.test("createFinder() wants every word, wherever it stands", () => {
  const find = finderOf([["red fish", "blue"], ["red"], ["fish"]], {
    2: "red things",
  });
  assert.deepEqual(find("red fish"), [2, 0]);
  assert.deepEqual(find("red fish green"), []);
});

Deno.test("createFinder() looks at what stands around a token, for less", () => {
  const find = createFinder({
    atoms: 2,
    texts: [" cat", " sat"],
    before: ["the", "the cat"],
    after: [" sat", ""],
    label: () => undefined,
    topRows: (atom) => [{ place: atom, value: 1 }],
  });
  const scores = find("cat")!;
  assert(scores[0] > scores[1] && scores[1] > 0);
});

Deno.test("searchAtoms() puts whole words before parts of words", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "tokens.parquet");
    await writeTexts(path, [["parish"], ["in Paris"], ["spare"], ["rain"]], 4);
    const source = await openRows(path, { column: "vectors" });
    const model = makeModel({
      width: 4,
      atoms: 8,
      mean: new Float32Array(4),
      coder: {
        method: "omp",
        sparsity: 1,
        nonnegative: false,
        tolerance: 0,
        refit: false,
      },
    });
    const inspection = await inspect(model, source, { ...CPU, text: "tokens" });
    const hits = searchAtoms(inspection, "paris");
    const scoreOf = (text: string) =>
      hits.find(({ texts }) => texts.includes(text))!.score;
    assert.ok(hits.every(({ texts }) => !texts.includes("spare")));
    assert.ok(hits[0].texts.includes("in Paris"));
    assert.ok(scoreOf("in Paris") >= scoreOf("parish"));
    await source.close();
  });
});
