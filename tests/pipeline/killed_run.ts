/**
 * A run of a pipeline in a process of its own that kills itself: `killed_run.ts FOLDER CONFIG WHEN`. WHEN is a log
 * event and, after a colon, a stage: `stage.end:train`.
 */
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { runPipeline } from "../../src/pipeline/run.ts";

const [base, config, when] = Deno.args;
await runPipeline(JSON.parse(config), {
  base,
  createEngine: createReferenceEngine,
  log: ({ event, stage }) => {
    if (when === `${event}:${stage ?? ""}`) Deno.kill(Deno.pid, "SIGKILL");
  },
});
