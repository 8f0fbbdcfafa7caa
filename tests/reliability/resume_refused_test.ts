import assert from "node:assert/strict";
import { join } from "node:path";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { sameContent } from "../../src/rows/fingerprint.ts";
import { openRows } from "../../src/rows/open.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { isUsage, Stop, stopAfter } from "./resuming.ts";
import { noise, SMALL, smallSource } from "./runs.ts";

Deno.test("trainToDirectory() refuses to resume with a changed configuration or changed inputs, naming the change", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(1, { out });
    const output = { out, resume: true };
    await assert.rejects(
      trainToDirectory(smallSource(), { ...SMALL, passes: 5 }, output),
      isUsage(/passes was 4, is 5/),
    );
    await assert.rejects(
      trainToDirectory(rowsFromArray(noise(310, 8), 8), SMALL, output),
      isUsage(/inputs/),
    );
    await assert.rejects(
      trainToDirectory(smallSource(2), SMALL, output),
      isUsage(/the inputs' rows/),
    );
  });
});

Deno.test("trainToDirectory() refuses to resume where an input has other content, wherever in it and whatever its date", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const paths = ["a.f32", "b.f32"].map((name) => join(directory, name));
    const write = (path: string, seed: number) =>
      Deno.writeFile(path, new Uint8Array(noise(400, 8, seed).buffer));
    await write(paths[0], 1);
    await write(paths[1], 2);
    const controller = new AbortController();
    const run = (onProgress?: () => void) =>
      openRows(paths, { width: 8 }).then((source) =>
        trainToDirectory(source, SMALL, { out, resume: true }, {
          device: "cpu",
          signal: onProgress && controller.signal,
          onProgress,
        })
      );
    await assert.rejects(run(() => controller.abort(new Stop())), Stop);
    await write(paths[1], 3);
    await assert.rejects(run(), isUsage(/b\.f32 has changed/));
    await write(paths[1], 2);
    const { resumedAt } = await run();
    assert.notEqual(resumedAt, undefined);
    await write(paths[1], 3);
    await assert.rejects(run(), isUsage(/another model/));
  });
});

Deno.test("Of a large file, pieces and the date tell whether it is the same", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "large.f32");
    const values = noise(300_000, 8);
    await Deno.writeFile(path, new Uint8Array(values.buffer));
    const print = async () => {
      const source = await openRows(path, { width: 8 });
      const [print] = await source.fingerprints!();
      await source.close();
      return print;
    };
    const before = await print();
    assert.match(before.digest, /^samples:/);
    assert(sameContent(before, await print()));
    const other = noise(300_000, 8, 9);
    await Deno.writeFile(path, new Uint8Array(other.buffer));
    await Deno.utime(path, 1e9, 1e9);
    assert(!sameContent(before, await print()));
    values[1_234_567] = 7;
    await Deno.writeFile(path, new Uint8Array(values.buffer));
    assert(!sameContent(before, await print()));
  });
});

Deno.test("trainToDirectory() tells trainings apart that read more or fewer of the same rows", async () => {
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    const rows = noise(40, 4);
    const file = join(directory, "rows.f32");
    await Deno.writeFile(file, new Uint8Array(rows.buffer));
    const reading = (maxRows?: number) => openRows(file, { width: 4, maxRows });
    const options = { atoms: 4, sparsity: 1, passes: 1 };
    const run = { device: "cpu" as const };
    await trainToDirectory(await reading(30), options, { out }, run);
    for (const resume of [false, true]) {
      await assert.rejects(
        reading().then((all) =>
          trainToDirectory(all, options, { out, resume }, run)
        ),
        isUsage(/another model/),
      );
    }
    await trainToDirectory(await reading(30), options, { out }, run);
  });
});

Deno.test("trainToDirectory() goes on only with the BLAS that made the products so far", async () => {
  const withBlas = (blas: string | undefined) => async (spec: EngineSpec) => {
    const engine = await createCpuEngine(spec);
    Object.assign(engine.info.details, { blas });
    return engine;
  };
  await inDirectory(async (directory) => {
    const out = join(directory, "model");
    await stopAfter(1, { out }, SMALL, withBlas("OpenBLAS 0.3.21, Zen"));
    for (const other of [undefined, "OpenBLAS 0.3.21, SkylakeX"]) {
      const createEngine = withBlas(other);
      const again = trainToDirectory(
        smallSource(),
        SMALL,
        { out, resume: true },
        { createEngine },
      );
      await assert.rejects(
        again,
        isUsage(/OpenBLAS 0\.3\.21, Zen/),
      );
    }
    const createEngine = withBlas("OpenBLAS 0.3.21, Zen");
    const { resumedAt } = await trainToDirectory(
      smallSource(),
      SMALL,
      { out, resume: true },
      { createEngine },
    );
    assert(resumedAt! > 0);
  });
});
