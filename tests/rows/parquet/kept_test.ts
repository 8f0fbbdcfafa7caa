import assert from "node:assert/strict";
import { Kept } from "../../../src/parquet/read/kept.ts";

Deno.test("Kept makes a thing once while it fits, and tells what it lets go of", () => {
  const gone: string[] = [];
  const made: string[] = [];
  const kept = new Kept<string>(100, (value) => gone.push(value));
  const get = (place: number, bytes: number) =>
    kept.of(place, bytes, () => {
      made.push(`at ${place}`);
      return `at ${place}`;
    });
  assert.equal(get(1, 60), "at 1");
  assert.equal(get(2, 40), "at 2");
  assert.equal(get(1, 60), "at 1");
  assert.deepEqual(made, ["at 1", "at 2"]);
  get(3, 50);
  assert.deepEqual(gone, ["at 1"]);
  get(4, 500);
  assert.deepEqual(gone, ["at 1", "at 2", "at 3"]);
  get(4, 500);
  assert.deepEqual(made, ["at 1", "at 2", "at 3", "at 4"]);
});

Deno.test("Kept forgets what could not be made", () => {
  const kept = new Kept<number>(100);
  assert.throws(() =>
    kept.of(1, 10, () => {
      throw new Error("bad page");
    }), /bad page/);
  assert.equal(kept.of(1, 10, () => 5), 5);
});
