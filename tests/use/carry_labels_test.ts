import assert from "node:assert/strict";
import { carriedNotice, carryLabels } from "../../src/use/carry_labels.ts";

/** Unit atoms in a plane, by their angles in degrees. */
function atomsAt(...degrees: number[]) {
  const dictionary = Float32Array.from(degrees.flatMap((angle) => {
    const radians = angle * Math.PI / 180;
    return [Math.cos(radians), Math.sin(radians)];
  }));
  return { width: 2, atoms: degrees.length, dictionary };
}

Deno.test("carryLabels() takes names to the atoms that came of theirs, wherever those stand now", async () => {
  const { labels, carried, lost } = await carryLabels(
    { "0": "east", "1": "north" },
    atomsAt(0, 90),
    atomsAt(88, 45, 1),
  );
  assert.deepEqual(labels, { "0": "north", "2": "east" });
  assert.deepEqual(carried.map(({ from, to }) => [from, to]), [[0, 2], [1, 0]]);
  assert.deepEqual(lost, []);
});

Deno.test("carryLabels() turns a name's sign with its atom", async () => {
  const hot = { label: "hot", source: "hand", sign: "+" } as const;
  const cold = { label: "cold", source: "hand", sign: "-" } as const;
  const before = atomsAt(10, 100);
  const after = atomsAt(190, 100);
  const { labels } = await carryLabels(
    { "0": [hot, cold], "1": hot },
    before,
    after,
  );
  assert.deepEqual(labels, {
    "0": [{ ...cold, sign: "+" }, { ...hot, sign: "-" }],
    "1": hot,
  });
});

Deno.test("carryLabels() gives up no name in silence: one without a successor is lost, by name", async () => {
  const carried = await carryLabels(
    { "0": "east", "1": "northeast" },
    atomsAt(0, 45),
    atomsAt(10, 90),
  );
  assert.deepEqual(carried.labels, { "0": "east" });
  assert.equal(carried.lost.length, 1);
  assert.deepEqual(
    { ...carried.lost[0], cosine: undefined },
    { atom: 1, entry: "northeast", cosine: undefined },
  );
  const notice = carriedNotice(carried, "labels.lost.json");
  assert.match(notice!, /1 without a successor \(1\).*labels\.lost\.json/);
});

Deno.test("carryLabels() gives the one successor of two atoms the nearer one's name", async () => {
  const { labels, lost } = await carryLabels(
    { "0": "far", "1": "near" },
    atomsAt(12, 2),
    atomsAt(0, 120),
  );
  assert.deepEqual(labels, { "0": "near" });
  assert.deepEqual(lost.map(({ entry }) => entry), ["far"]);
});

Deno.test("carriedNotice() says which atoms moved so far that their names deserve a look", async () => {
  const near = await carryLabels({ "0": "a" }, atomsAt(0, 90), atomsAt(11, 90));
  assert.equal(carriedNotice(near, "f"), "Labels: 1 name kept");
  const moved = await carryLabels(
    { "0": "a" },
    atomsAt(0, 90),
    atomsAt(12, 90),
  );
  assert.match(carriedNotice(moved, "f")!, /moved \(0 \|cos\| 0\.98\)/);
  const nothing = await carryLabels({}, atomsAt(0), atomsAt(0));
  assert.equal(carriedNotice(nothing, "f"), undefined);
});

Deno.test("carryLabels() loses all names, by name, where the rows have another width", async () => {
  const wide = { width: 3, atoms: 1, dictionary: new Float32Array([1, 0, 0]) };
  const { labels, lost } = await carryLabels({ "0": "x" }, atomsAt(0), wide);
  assert.deepEqual(labels, {});
  assert.deepEqual(lost, [{ atom: 0, entry: "x", cosine: 0 }]);
});
