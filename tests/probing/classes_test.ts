import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { ClassReader } from "../../src/probing/classes.ts";

function read(values: unknown[], items?: number[]) {
  const reader = new ClassReader("topic", values.length);
  reader.add(values, items && Int32Array.from(items));
  const { classes, classesOf } = reader.finish();
  return values.map((_, row) => [...classesOf(row)].map((c) => classes[c]));
}

Deno.test("classes are text, booleans, whole numbers, and lists of them", () => {
  assert.deepEqual(read(["b", null, "a", "", undefined]), [
    ["b"],
    [],
    ["a"],
    [],
    [],
  ]);
  assert.deepEqual(read([true, false, null]), [["true"], ["false"], []]);
  assert.deepEqual(read([3n, 1, NaN]), [["3"], ["1"], []]);
  assert.deepEqual(read([["a", "b"], [], ["b"]]), [["a", "b"], [], ["b"]]);
});

Deno.test("a class that a list names twice is one", () => {
  assert.deepEqual(read([["a", "b", "a", null], [1, 1n]]), [["a", "b"], ["1"]]);
});

Deno.test("a list has a label for each nested row", () => {
  const tags = ["noun", "verb"];
  assert.deepEqual(read([tags, tags, "all"], [0, 1, 0]), [
    ["noun"],
    ["verb"],
    ["all"],
  ]);
});

Deno.test("lists of other lengths than the rows nested with them are refused; the last one may go on", () => {
  const two = ["noun", "verb"], three = [...two, "noun"];
  assert.deepEqual(read([two, two, [], three], [0, 1, 0, 0]), [
    ["noun"],
    ["verb"],
    [],
    ["noun"],
  ]);
  for (
    const [values, items] of [
      [[two, two, two, "all"], [0, 1, 2, 0]],
      [[two, "all"], [0, 0]],
      [[two, two, two], [0, 1, 2]],
    ]
  ) {
    assert.throws(
      () => read(values, items as number[]),
      (error) =>
        error instanceof DbksvdError && error.kind === "data" &&
        /a list of 2 for [13] nested rows.*topic/.test(error.message),
    );
  }
});

Deno.test("what is no class is refused, with the row and what would do", () => {
  for (
    const [values, message] of [
      [["a", 0.5], /column "?topic"?, row 1.*bins/],
      [[new Date(0)], /no classes/],
      [Array.from({ length: 65 }, (_, i) => i), /more than 64/],
      [Array.from({ length: 10_001 }, (_, i) => `w${i}`), /10000/],
    ] as const
  ) {
    assert.throws(
      () => read([...values]),
      (error) =>
        error instanceof DbksvdError && error.kind === "data" &&
        message.test(error.message),
    );
  }
});
