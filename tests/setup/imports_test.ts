import assert from "node:assert/strict";
import {
  circleIn,
  type ImportGraph,
  readImports,
  readRooms,
  roomOf,
} from "./imports.ts";

const graph = await readImports();
const rooms = await readRooms();

/** The arrows between rooms, each with the imports that it stands for. */
function arrowsOf({ imports }: ImportGraph): Map<string, string[]> {
  const arrows = new Map<string, string[]>();
  for (const [file, found] of imports) {
    for (const to of found) {
      const [from, at] = [roomOf(file), roomOf(to)];
      if (from === undefined || at === undefined || from === at) continue;
      const arrow = `${from} → ${at}`;
      arrows.set(arrow, [...arrows.get(arrow) ?? [], `${file} imports ${to}`]);
    }
  }
  return arrows;
}

Deno.test("no file of src imports itself by way of others, not even types", () => {
  assert.equal(circleIn(graph)?.join(" → "), undefined);
});

Deno.test("the README's tree names every room of src, and no other", () => {
  const found = new Set([...graph.imports.keys()].map(roomOf));
  found.delete(undefined);
  assert.deepEqual([...rooms.keys()].sort(), [...found].sort());
});

Deno.test("rooms import only from where the README's tree says, and from everywhere that it says", () => {
  const arrows = arrowsOf(graph);
  const allowed = [...rooms].flatMap(([room, from]) =>
    [...from].map((other) => `${room} → ${other}`)
  );
  const wrong = [...arrows].filter(([arrow]) => !allowed.includes(arrow));
  assert.deepEqual(wrong.flatMap(([, imports]) => imports), []);
  assert.deepEqual(allowed.filter((arrow) => !arrows.has(arrow)), []);
});

Deno.test("rooms do not import from each other in a circle", () => {
  const imports = new Map([...rooms].map(([room, from]) => [room, [...from]]));
  assert.equal(circleIn({ imports })?.join(" → "), undefined);
});

Deno.test("the single files of src import no room", () => {
  for (const [file, found] of graph.imports) {
    if (roomOf(file) !== undefined) continue;
    assert.deepEqual(found.filter((to) => roomOf(to) !== undefined), [], file);
  }
});

Deno.test("rows are coded in one place: nothing else asks an engine to", async () => {
  const asking: string[] = [];
  for (const file of graph.imports.keys()) {
    const text = await Deno.readTextFile(
      new URL(`../../${file}`, import.meta.url),
    );
    if (/\bengine\.encode\(/.test(text)) asking.push(file);
  }
  const outside = asking.filter((file) => !/^src\/(engine|bench)\//.test(file));
  assert.deepEqual(outside, ["src/coding/coder.ts"]);
});
