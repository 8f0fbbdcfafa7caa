import { dirname, resolve } from "node:path";
import { exists, temporarySibling, writeError } from "../files/atomic.ts";
import type { TrainOptions } from "../options/types.ts";
import type { RowSource } from "../rows/source.ts";
import { beginningOf, requireReplaceable } from "./output_directory.ts";
import { requireApart } from "./output_guard.ts";
import { identityOf } from "./run_identity.ts";
import { followLinks } from "../files/atomic.ts";
import type { TrainOutput } from "./train_directory.ts";
import { Checkpoints, DEFAULT_SCHEDULE } from "./unfinished.ts";

/**
 * Checks, without changing anything, that a training's output could be written: that the place can be replaced and
 * written to, lies apart from the inputs, and holds nothing that the training would refuse to replace or to go on
 * with.
 *
 * @param source where the rows would come from
 * @param parameters what would be learned
 * @param output where the model would go
 * @throws {DbksvdError} as `trainToDirectory` would
 */
export async function checkTrainOutput(
  source: RowSource,
  parameters: TrainOptions,
  output: TrainOutput,
): Promise<void> {
  await requireReplaceable(output.out);
  const out = await followLinks(output.out);
  await requireReplaceable(out);
  await requireApart(out, source.files.map(({ path }) => path));
  await requireWritable(out);
  // What is to be replaced whatever it is needs no look; what is found otherwise is refused or gone on with.
  if (output.overwrite) return;
  const { column, reading } = output;
  const identity = await identityOf(source, parameters, { column, reading });
  const checkpoints = new Checkpoints(
    out,
    DEFAULT_SCHEDULE,
    () => Promise.resolve(),
  );
  await beginningOf({ ...output, out }, identity, checkpoints);
}

/**
 * Tries the nearest folder that is there: those below it would be made.
 *
 * @param out a file or folder that is to be written
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function requireWritable(out: string): Promise<void> {
  try {
    let folder = dirname(resolve(out));
    while (!await exists(folder)) folder = dirname(folder);
    const trial = temporarySibling(`${folder}/dbksvd-dry-run`);
    await Deno.writeFile(trial, new Uint8Array(0), { createNew: true });
    await Deno.remove(trial);
  } catch (cause) {
    throw writeError(out, cause);
  }
}
