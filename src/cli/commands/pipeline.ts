import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { PipelineRun } from "../../pipeline/commit.ts";
import type { RunRecord } from "../../pipeline/status.ts";
import type { EventSink } from "../../pipeline/watch.ts";
import { describe } from "../command.ts";
import { ExitWith } from "../failure.ts";
import type { Io } from "../io.ts";
import { conduct, type Session } from "../session.ts";
import { count, figure, table } from "../text.ts";

/** `pipeline run|schedule|status|history|rollback CONFIG`: dictionaries that keep up with their data. */
export function pipelineCommand(io: Io): CommandUnknownOpts {
  return new Command("pipeline")
    .description("keep a dictionary up with new data")
    .addCommand(runCommand(io))
    .addCommand(scheduleCommand(io))
    .addCommand(statusCommand(io))
    .addCommand(historyCommand(io))
    .addCommand(rollbackCommand(io));
}

function runCommand(io: Io): CommandUnknownOpts {
  return onConfig("run", "take in what is new, once", [
    "dbksvd pipeline run pipeline.json",
    "dbksvd pipeline run pipeline.json --quiet --json",
  ]).action((config, _flags, self) =>
    conduct(io, self, async (session) => {
      const { runPipeline } = await import("../../pipeline/run.ts");
      const run = await runPipeline(config, {
        signal: session.signal,
        log: eventLog(session),
      });
      session.print(run, () => describeRun(run));
      if (run.exitCode !== 0) throw new ExitWith(run.exitCode);
    })
  );
}

function scheduleCommand(io: Io): CommandUnknownOpts {
  return onConfig("schedule", "run at the configuration's own times (UTC)", [
    "dbksvd pipeline schedule pipeline.json",
  ]).action((config, _flags, self) =>
    conduct(io, self, async (session) => {
      const { schedulePipeline } = await import("../../pipeline/schedule.ts");
      const runs: PipelineRun[] = [];
      await schedulePipeline(config, {
        signal: session.signal,
        log: eventLog(session),
        onRun: (run) => runs.push(run),
      });
      session.print({ runs }, () => runs.map(describeRun).join("\n"));
    })
  );
}

function statusCommand(io: Io): CommandUnknownOpts {
  return onConfig("status", "how a pipeline stands", [
    "dbksvd pipeline status pipeline.json",
  ]).action((config, _flags, self) =>
    conduct(io, self, async ({ print }) => {
      const { pipelineStatus } = await import("../../pipeline/status.ts");
      const status = await pipelineStatus(config);
      const { current, fvu, lastRun, pending, rows, versions } = status;
      print(status, () =>
        table([status.pipeline, ""], [
          ["current version", current ?? "none"],
          ["held-out FVU", figure(fvu ?? undefined)],
          ["versions kept", count(versions)],
          ["last run", lastRun === null ? "none" : outcomeOf(lastRun)],
          ["inputs pending", count(pending.length)],
          ["inputs refused", count(status.refused.length)],
          ["rows trained on", count(rows.new)],
          ["rows held out", count(rows.heldOut)],
          ["rows in the reservoir", count(rows.reservoir)],
          ["next run", status.schedule?.next ?? "not scheduled"],
        ]));
    })
  );
}

function historyCommand(io: Io): CommandUnknownOpts {
  return onConfig("history", "what a pipeline did", [
    "dbksvd pipeline history pipeline.json --json",
  ]).action((config, _flags, self) =>
    conduct(io, self, async ({ print }) => {
      const { pipelineHistory } = await import("../../pipeline/status.ts");
      const history = await pipelineHistory(config);
      const fvu = new Map(
        history.versions.map((one) => [one.version, one.fvu]),
      );
      print(history, () =>
        table(
          ["started", "run", "outcome", "version", "FVU", "new rows"],
          history.runs.map((run) => [
            run.started,
            `${run.run}`,
            outcomeOf(run),
            run.version ?? "",
            figure(fvu.get(run.version ?? "") ?? undefined),
            count(run.newRows),
          ]),
        ));
    })
  );
}

function rollbackCommand(io: Io): CommandUnknownOpts {
  return onConfig("rollback", "make an older version current again", [
    "dbksvd pipeline rollback pipeline.json",
  ])
    .option("--to <version>", "which one (default: the one before)")
    .action((config, { to }, self) =>
      conduct(io, self, async ({ print }) => {
        const { rollbackPipeline } = await import("../../pipeline/status.ts");
        const done = await rollbackPipeline(config, { to });
        print(done, () =>
          `${done.version} is current, in place of ${done.previous}`);
      })
    );
}

function onConfig(
  name: string,
  description: string,
  examples: readonly string[],
) {
  return describe(name, description, examples)
    .argument("<config>", "the pipeline's configuration, a JSON file");
}

// A line of JSON an event, on standard error: what log collectors take.
function eventLog({ say }: Session): EventSink {
  return (event) => say(event.level, JSON.stringify(event));
}

function outcomeOf({ state, outcome }: RunRecord): string {
  return state === "done" ? outcome ?? state : state;
}

function describeRun(run: PipelineRun): string {
  const { outcome, reason, files, rows } = run;
  return [
    `Run ${run.run}: ${outcome}, ${reason}`,
    `Files: ${files.taken.length} taken, ${files.refused.length} refused, ${files.duplicates.length} duplicates; rows: ${
      count(rows.new)
    } new, ${count(rows.heldOut)} held out`,
    ...files.refused.map(({ path, reason }) => `Refused ${path}: ${reason}`),
    ...(run.current === undefined ? [] : [`Current version: ${run.current}`]),
  ].join("\n");
}
