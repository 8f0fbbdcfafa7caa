import assert from "node:assert/strict";
import { kernelText } from "../../src/gpu/kernel.ts";
import { standardText } from "../../src/gpu/standard.ts";
import { matrixShape, partRuns } from "../../src/gpu/matrix.ts";
import { expandTemplate } from "../../src/gpu/template.ts";

Deno.test("expandTemplate() unrolls loops, nested and over names", () => {
  const text = `//#for i in 0..N
//#for c in x y
let v$i_$c = a[$i].$c;
//#end
//#end`;
  assert.deepEqual(expandTemplate(text, { N: 2 }).split("\n"), [
    "let v0_x = a[0].x;",
    "let v0_y = a[0].y;",
    "let v1_x = a[1].x;",
    "let v1_y = a[1].y;",
  ]);
});

Deno.test("expandTemplate() keeps one side of a condition and includes texts", () => {
  const text = "//#if !A\nno\n//#else\n//#include part\n//#end";
  const includes = { part: "yes $N" };
  assert.equal(expandTemplate(text, { A: true, N: 3 }, includes), "yes 3");
  assert.equal(expandTemplate(text, { A: false, N: 3 }, includes), "no");
});

Deno.test("expandTemplate() refuses what it does not know", () => {
  assert.throws(() => expandTemplate("$X", {}), /names "X"/);
  assert.throws(() => expandTemplate("//#loop", {}), /Unknown directive/);
  assert.throws(() => expandTemplate("//#if A\nx", { A: 1 }), /No \/\/#end/);
});

Deno.test("kernelText() numbers bindings in order, a matrix taking one for each part", () => {
  const { code, bindings, parameters } = kernelText({
    name: "example",
    text:
      "//#params rows: u32, scale: f32\n//#matrix R read\n//#buffer out read_write f32",
    values: {},
    matrices: { R: matrixShape(10, 2, "vec4<f32>", 4 * 32) },
  }, {});
  assert.deepEqual(parameters.map(({ name }) => name), ["rows", "scale"]);
  assert.deepEqual(bindings, [
    { name: "R", access: "read", parts: 3 },
    { name: "out", access: "read_write", parts: 1 },
  ]);
  assert.match(code, /@binding\(4\) var<storage, read_write> out: array<f32>/);
  assert.doesNotMatch(code, /R_put/);
});

Deno.test("partRuns() cuts rows where parts end", () => {
  const shape = matrixShape(700, 1, "vec4<f32>", 300 * 16);
  assert.equal(shape.rowsPerPart, 256);
  assert.deepEqual(partRuns(shape, 250, 300), [
    { part: 0, offset: 250, from: 0, rows: 6 },
    { part: 1, offset: 0, from: 6, rows: 256 },
    { part: 2, offset: 0, from: 262, rows: 38 },
  ]);
});

Deno.test("standardText() puts in front what other hosts than Deno want of subgroup operations", () => {
  const plain =
    "@compute @workgroup_size(64) fn main() { workgroupBarrier(); }";
  assert.equal(standardText(plain), plain);
  for (const builtin of ["subgroup_size", "num_subgroups"]) {
    const code = `fn lanes(@builtin(${builtin}) lanes: u32) {}`;
    const lines = standardText(code).split("\n");
    assert.deepEqual(lines, [
      "enable subgroups;",
      "diagnostic(off, subgroup_uniformity);",
      code,
    ]);
  }
  assert.match(standardText("let a = subgroupAdd(x);"), /^enable subgroups;/);
});
