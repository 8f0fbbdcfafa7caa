import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };

/** Functions, classes and values that the library's main entry may hold. */
const MOST = 40;

const namesOf = async (path: string) =>
  Object.keys(await import(new URL(`../../${path}`, import.meta.url).href));

Deno.test("the library's main entry holds at most 40 functions, classes and values", async () => {
  const names = await namesOf(project.exports["."]);
  assert(names.length <= MOST, `${names.length}: ${names.join(" ")}`);
  for (const verb of ["train", "encode", "evaluate", "openRows"]) {
    assert(names.includes(verb), verb);
  }
});

Deno.test("no name is in two entries of the library", async () => {
  const seen = new Map<string, string>();
  for (const [entry, path] of Object.entries(project.exports)) {
    for (const name of await namesOf(path)) {
      assert.equal(seen.get(name), undefined, `${name} is in ${entry} too`);
      seen.set(name, entry);
    }
  }
});
