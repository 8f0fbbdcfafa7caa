// A training on the GPU whose memory runs out before the third decision: `oom_child.ts OUT RETRIES`.
import { DbksvdError } from "../../src/errors.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { harmedAt, takeAllMemory } from "./gpu_failures.ts";
import { SMALL, smallSource } from "./runs.ts";

const [out, retries] = Deno.args;
try {
  await trainToDirectory(smallSource(), SMALL, {
    out,
    retries: Number(retries),
    checkpointEvery: { iterations: 1 },
  }, {
    createEngine: harmedAt(9, takeAllMemory),
    onNotice: (notice) => console.error(notice),
  });
} catch (error) {
  console.error((error as Error).message);
  Deno.exitCode = error instanceof DbksvdError ? error.exitCode : 99;
}
