import assert from "node:assert/strict";
import { join } from "node:path";
import { openRows } from "../../src/rows/open.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { CPU } from "./helpers.ts";

Deno.test("train() says where filters leave none of the rows held out", () =>
  inDirectory(async (directory) => {
    const rows = 60, width = 4;
    const data = Float32Array.from(
      { length: rows * width },
      (_, i) => Math.sin(i * i),
    );
    const invalid = chooseHeldOut(rows, 0.05, 0)!;
    for (let row = 0; row < rows; row++) {
      if (invalid.has(row)) data[row * width] = NaN;
    }
    const path = join(directory, "rows.f32");
    await Deno.writeFile(path, new Uint8Array(data.buffer));
    await using source = await openRows(path, { width, skipInvalid: true });
    const notices: string[] = [];
    const { config } = await train(source, {
      ...{ atoms: 8, sparsity: 2, passes: 1, holdout: 0.05 },
    }, { ...CPU, onNotice: (notice) => void notices.push(notice) });
    assert.equal(config.rows.heldOut, 0);
    assert.match(notices.join(), /Of the 3 rows held out none is left/);
  }));
