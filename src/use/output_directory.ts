import { basename, dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import {
  clearPrevious,
  exists,
  previousOf,
  removeRemains,
  writeError,
} from "../files/atomic.ts";
import { CHECKPOINT_DIRECTORY } from "../model/checkpoint.ts";
import {
  isModelDirectory,
  isSomebodys,
  loadModel,
  MODEL_FILES,
} from "../model/directory.ts";
import type { ModelConfig } from "../model/model.ts";
import { TOOL_VERSION } from "../version.ts";
import { changesBetween, type RunIdentity } from "./run_identity.ts";
import type { Checkpoints, SavedRun } from "./unfinished.ts";

/** How a training may treat what lies in its output directory. */
export interface OutputRequest {
  out: string;
  overwrite?: boolean | undefined;
  resume?: boolean | undefined;
}

/** How a training begins. */
export type Beginning =
  | { kind: "fresh" }
  | { kind: "resumed"; from: SavedRun }
  | { kind: "finished"; config: ModelConfig };

/**
 * Refuses, before any work, an output directory that could not be replaced as a whole at the end.
 *
 * @throws {DbksvdError} `usage`
 */
export async function requireReplaceable(out: string): Promise<void> {
  const refuse = (what: string) =>
    new DbksvdError("usage", what, {
      where: { file: out },
      mend: "name a directory of the model's own, such as --out dbksvd-model",
    });
  if (["", ".", ".."].includes(basename(out))) {
    throw refuse("The output cannot be the current or the root directory");
  }
  const found = await statIfThere(out);
  if (found === undefined) return;
  if (!found.isDirectory) throw refuse("The output is not a directory");
  const above = await statIfThere(dirname(out));
  if (above !== undefined && found.dev !== above.dev) {
    throw refuse("The output is a mount point, which cannot be replaced");
  }
}

/**
 * Puts right what a crash in the middle of replacing the directory left: needs the directory's lock.
 *
 * @throws {DbksvdError} `run` where the file system refuses
 */
export async function recoverDirectory(out: string): Promise<void> {
  try {
    await putBack(out);
  } catch (cause) {
    throw writeError(out, cause);
  }
}

async function putBack(out: string): Promise<void> {
  const previous = previousOf(out);
  if (!await exists(out) && await exists(previous)) {
    await Deno.rename(previous, out);
  }
  await clearPrevious(out, isSomebodys);
  const name = basename(out);
  await removeRemains(dirname(previous), (of) => of === name);
  await removeRemains(join(out, CHECKPOINT_DIRECTORY), () => true);
}

/**
 * Whether an output directory is a training's own, so that what somebody put into it stays when its model is replaced;
 * one of anything else is replaced as a whole.
 *
 * @param out the directory
 * @param checkpoints its checkpoints
 */
export async function isTrainingsOwn(
  out: string,
  checkpoints: Checkpoints,
): Promise<boolean> {
  if (!await exists(out) || await isModelDirectory(out)) return true;
  return await checkpoints.any() ||
    (await Array.fromAsync(Deno.readDir(out))).length === 0;
}

/**
 * Decides how a training begins, by what lies in its output directory.
 *
 * @param output the directory, and whether it may be replaced or gone on with
 * @param identity the training about to begin
 * @param checkpoints the directory's checkpoints
 * @param onNotice called with what is done with what was found
 * @throws {DbksvdError} `usage` where something is in the way, or the run to resume is another one; `data` where all
 * checkpoints are damaged
 */
export async function beginningOf(
  output: OutputRequest,
  identity: RunIdentity,
  checkpoints: Checkpoints,
  onNotice?: (notice: string) => void,
): Promise<Beginning> {
  if (await checkpoints.any()) {
    return await beginningOfUnfinished(output, identity, checkpoints, onNotice);
  }
  const config = await finishedConfig(output);
  if (config !== undefined && !output.overwrite) {
    requireSame(config, identity, output.out);
  }
  if (output.resume && config !== undefined) {
    if (sameConfig(config, identity)) return { kind: "finished", config };
  } else if (output.resume) {
    onNotice?.("There is nothing to resume; starting afresh");
  }
  return { kind: "fresh" };
}

async function beginningOfUnfinished(
  { out, overwrite, resume }: OutputRequest,
  identity: RunIdentity,
  checkpoints: Checkpoints,
  onNotice?: (notice: string) => void,
): Promise<Beginning> {
  if (!resume && !overwrite) {
    throw new DbksvdError(
      "usage",
      "The output directory holds an unfinished run",
      {
        where: { file: out },
        mend: "go on with it with --resume, or replace it with --overwrite",
      },
    );
  }
  const from = resume
    ? await resumable(checkpoints, identity, { out, overwrite }, onNotice)
    : undefined;
  if (from !== undefined) {
    onNotice?.(`Going on from iteration ${from.state.iteration}`);
    if (from.toolVersion !== TOOL_VERSION) {
      onNotice?.(
        `Version ${from.toolVersion} began this run, version ${TOOL_VERSION} goes on: the model will be as good, but not the same to the last bit`,
      );
    }
    return { kind: "resumed", from };
  }
  await checkpoints.clear();
  return { kind: "fresh" };
}

// The saved run, if it is the one asked for; with `overwrite`, another one or a damaged one is given up.
async function resumable(
  checkpoints: Checkpoints,
  identity: RunIdentity,
  { out, overwrite }: OutputRequest,
  onNotice?: (notice: string) => void,
): Promise<SavedRun | undefined> {
  try {
    const from = await checkpoints.latest(onNotice);
    if (from === undefined) return undefined;
    const changes = changesBetween(from.identity, identity);
    if (changes.length === 0) return from;
    throw new DbksvdError(
      "usage",
      `The unfinished run is another one (${changes.join("; ")})`,
      {
        where: { file: out },
        mend:
          "resume it as it was begun, name another --out, or start afresh with --overwrite",
      },
    );
  } catch (error) {
    if (!overwrite || !(error instanceof DbksvdError)) throw error;
    onNotice?.(`${error.message}; starting afresh`);
    return undefined;
  }
}

// The record of the finished model in the directory; undefined where there is none.
async function finishedConfig(
  { out, overwrite }: OutputRequest,
): Promise<ModelConfig | undefined> {
  if (!await exists(out)) return undefined;
  if (await exists(join(out, MODEL_FILES.config))) {
    try {
      return (await loadModel(out)).config;
    } catch (error) {
      if (overwrite && error instanceof DbksvdError) return undefined;
      throw error;
    }
  }
  for await (const { name } of Deno.readDir(out)) {
    if (name === CHECKPOINT_DIRECTORY || overwrite) continue;
    throw inTheWay("The output directory holds something else", out);
  }
  return undefined;
}

function requireSame(
  config: ModelConfig,
  identity: RunIdentity,
  out: string,
): void {
  if (sameConfig(config, identity)) return;
  throw inTheWay("The output directory holds another model", out);
}

function sameConfig(config: ModelConfig, identity: RunIdentity): boolean {
  const before = {
    ...identity,
    parameters: config.parameters as unknown as RunIdentity["parameters"],
    inputs: config.inputs,
    read: config.rows.read,
    column: config.column,
    reading: config.reading,
  };
  return changesBetween(before, identity).length === 0;
}

function inTheWay(what: string, out: string): DbksvdError {
  return new DbksvdError("usage", what, {
    where: { file: out },
    mend: "name another --out, or replace it with --overwrite",
  });
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw writeError(path, error);
  }
}
