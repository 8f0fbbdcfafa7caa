import assert from "node:assert/strict";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../src/model/directory.ts";
import { pipelineHistory, pipelineStatus } from "../../src/pipeline/status.ts";
import type { TestPipeline } from "./drops.ts";

const CHILD = fileURLToPath(new URL("killed_run.ts", import.meta.url));

/**
 * Starts a run in a process of its own.
 *
 * @param pipeline whose run
 * @param when the event at which the process kills itself, or `never`
 * @param stderr what becomes of its words
 */
export function spawnRun(
  pipeline: TestPipeline,
  when: string,
  stderr: "piped" | "null",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      CHILD,
      pipeline.folder,
      JSON.stringify(pipeline.config),
      when,
    ],
    stdout: "null",
    stderr,
  }).spawn();
}

/** How a pipeline stands, its runs and versions, and the values of its current dictionary. */
export async function standingOf(pipeline: TestPipeline) {
  const { config, folder } = pipeline;
  const current = pipeline.root("current");
  const status = await pipelineStatus(config, { base: folder });
  const history = await pipelineHistory(config, { base: folder });
  const { model } = await loadModel(current);
  // The link leads where the database says.
  assert.equal(
    basename(await Deno.realPath(current)),
    status.current,
  );
  return { status, history, dictionary: model.dictionary.join() };
}
