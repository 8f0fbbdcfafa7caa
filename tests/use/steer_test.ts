import assert from "node:assert/strict";
import { join } from "node:path";
import { openSafetensors } from "../../src/files/safetensors.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { parseSteeredAtoms, steer } from "../../src/use/steer.ts";
import { inDirectory } from "../directories.ts";
import { CPU, smallProblem } from "./helpers.ts";

Deno.test("parseSteeredAtoms() reads signs and weights", () => {
  assert.deepEqual(parseSteeredAtoms("17+,40-:0.5, 3"), [
    { atom: 17, sign: "+", weight: 1 },
    { atom: 40, sign: "-", weight: 0.5 },
    { atom: 3, sign: "+", weight: 1 },
  ]);
  for (const bad of ["", "x", "1+,", "1:-2", "1±"]) {
    assert.throws(() => parseSteeredAtoms(bad), { kind: "usage" }, bad);
  }
});

Deno.test("steer() adds up atoms, each as strong as a quantile of its own activations, in raw units", async () => {
  const { model, source } = smallProblem(500);
  const uses: { atom: number; value: number }[] = [];
  for await (const { codes } of encodeRows(model, source, CPU)) {
    codes.values.forEach((value, slot) => {
      if (value !== 0) uses.push({ atom: codes.indices[slot], value });
    });
  }
  const strength = (atom: number, sign: number) => {
    const own = uses.filter((use) => use.atom === atom && use.value * sign > 0)
      .map(({ value }) => Math.abs(value)).sort((a, b) => a - b);
    return own[Math.floor(0.5 * own.length)];
  };
  await inDirectory(async (folder) => {
    const out = join(folder, "steering.safetensors");
    const named = { ...model, labels: { "2": "rain" } };
    const atoms = parseSteeredAtoms("2+,5-:0.25");
    const options = { ...CPU, out, atoms, quantile: 0.5 };
    const done = await steer(named, source, options);
    assert.deepEqual(
      done.atoms.map(({ label, activation }) => [label, activation]),
      [["rain", strength(2, 1)], [undefined, strength(5, -1)]],
    );
    const file = await openSafetensors(out);
    const vector = await file.float32("steering", [model.width]);
    vector.forEach((value, d) => {
      const expected = strength(2, 1) * model.dictionary[2 * model.width + d] -
        0.25 * strength(5, -1) * model.dictionary[5 * model.width + d];
      assert(Math.abs(value - expected) < 1e-5);
    });
    // The same again replaces it; another file's place is refused.
    await steer(named, source, options);
    const other = { ...options, atoms: parseSteeredAtoms("3") };
    await assert.rejects(
      steer(named, source, other),
      /holds an output towards 2\+:1,5-:0.25 by quantile 0.5/,
    );
    await Deno.writeTextFile(out, "somebody's notes");
    await assert.rejects(steer(named, source, options), { kind: "usage" });
    await steer(named, source, { ...options, overwrite: true });
    await assert.rejects(
      steer(model, source, { ...options, quantile: 99 }),
      /The quantile is 99/,
    );
    await assert.rejects(
      steer(model, source, { ...options, atoms: parseSteeredAtoms("999") }),
      /There is no atom 999/,
    );
  });
});
