import assert from "node:assert/strict";
import { join } from "node:path";
import {
  DEFAULT_TRAIN_OPTIONS,
  rowsFromArray,
  trainToDirectory,
} from "../../mod.ts";
import { checkTrainOutput } from "../../src/use/check_output.ts";
import { inDirectory, namesIn } from "../directories.ts";

const source = rowsFromArray(
  Float32Array.from({ length: 300 * 6 }, (_, i) => Math.sin(i * i)),
  6,
);
const SMALL = { atoms: 8, sparsity: 2, passes: 1 };
const parameters = { ...DEFAULT_TRAIN_OPTIONS, ...SMALL };

Deno.test("checkTrainOutput() finds what the training would refuse, and leaves everything as it is", async () => {
  await inDirectory(async (folder) => {
    const out = join(folder, "new", "model");
    await checkTrainOutput(source, parameters, { out });
    assert.deepEqual(await namesIn(folder), []);

    const model = join(folder, "model");
    await trainToDirectory(source, SMALL, { out: model }, { device: "cpu" });
    const before = await namesIn(model);
    await checkTrainOutput(source, parameters, { out: model });
    const other = { ...parameters, seed: 1 };
    await assert.rejects(
      checkTrainOutput(source, other, { out: model }),
      /holds another model/,
    );
    await checkTrainOutput(source, other, { out: model, overwrite: true });
    assert.deepEqual(await namesIn(model), before);

    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await assert.rejects(
      checkTrainOutput(source, parameters, { out: file }),
      /not a directory/,
    );
  });
});
