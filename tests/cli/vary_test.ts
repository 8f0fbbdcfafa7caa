import assert from "node:assert/strict";
import { varying } from "../../src/cli/vary.ts";

Deno.test("--vary reads values of any option of a training, and adds up", () => {
  let vary = varying("ridge=0,0.5,4");
  vary = varying("matryoshka=default|auto|32,rest", vary);
  vary = varying("group-sparsity=4,4|6,2", vary);
  vary = varying("nonnegative=false,true", vary);
  vary = varying("no-center=true,false", vary);
  vary = varying("coder=omp,mp", vary);
  vary = varying("for=rebuild,probing", vary);
  assert.deepEqual(vary, {
    ridge: [0, 0.5, 4],
    matryoshka: [undefined, "auto", [32, "rest"]],
    groupSparsity: [[4, 4], [6, 2]],
    nonnegative: [false, true],
    center: [true, false],
    coder: ["omp", "mp"],
    for: ["rebuild", "probing"],
  });
});

Deno.test("--vary says what is wrong with its words", () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => varying(text), message);
  refused("ridge", /form option=value/);
  refused("rige=1", /did you mean ridge/);
  refused("atoms=1,2", /--atoms takes several values itself/);
  refused("passes=1,two", /--passes takes a whole number from 1/);
  refused("refit=yes", /true or false/);
  refused("for=reading", /rebuild, probing/);
});
