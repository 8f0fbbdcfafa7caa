// A training in a process of its own, to be killed: `kill_child.ts OUT DEVICE`. Its dictionary is large for the little
// work of an iteration, so that much of its time goes to writing checkpoints.
import type { DeviceChoice } from "../../src/engine/engine.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { noise } from "./runs.ts";

const WIDTH = 8192;

const [out, device, passes] = Deno.args;
await trainToDirectory(
  rowsFromArray(noise(96, WIDTH), WIDTH),
  {
    atoms: 64,
    sparsity: 3,
    passes: Number(passes),
    sampleBatch: 48,
    holdout: 0,
  },
  { out, resume: true, checkpointEvery: { iterations: 1 } },
  {
    device: device as DeviceChoice,
    onNotice: (notice) => console.error(notice),
  },
);
