import assert from "node:assert/strict";
import { DbksvdError, openRows, rowsFromArray, train } from "../../mod.ts";
import { asOptions, messageIn } from "../../src/errors.ts";
import { inDirectory } from "../directories.ts";

Deno.test("Errors of the library name options, not flags", () =>
  inDirectory(async (directory) => {
    const rows = rowsFromArray(new Float32Array(80).map(Math.sin), 4);
    await assert.rejects(
      train(rows, { atoms: 8, sparsity: 20 }, { device: "cpu" }),
      { message: '"sparsity" is "20": it takes at most "atoms" (8)' },
    );
    const file = `${directory}/rows.f32`;
    await Deno.writeFile(file, new Uint8Array(64));
    await assert.rejects(openRows(file), (error: DbksvdError) => {
      assert.equal(error.mend, 'give "width"');
      assert.match(error.message, /rows\.f32\): give "width"$/);
      return true;
    });
  }));

Deno.test("Options are named by the words that are asked for; what is no option of ours stays", () => {
  const error = new DbksvdError("usage", "--no-center is for --norm-cap", {
    where: { file: "a--b.npy" },
    mend: "run git lfs pull, or deno with --allow-ffi",
  });
  assert.equal(
    error.message,
    '"center": false is for "normCap" (a--b.npy): run git lfs pull, or deno with --allow-ffi',
  );
  assert.match(
    messageIn(error, (flag) => `${asOptions(flag)} under "train"`),
    /^"center": false under "train" is for "normCap" under "train" \(a--b/,
  );
});
