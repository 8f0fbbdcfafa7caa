import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { PipelineRun } from "../../pipeline/run_record.ts";
import type { PipelineHistory, RunRecord } from "../../pipeline/status.ts";
import type { EventSink } from "../../pipeline/watch.ts";
import { describe } from "../command.ts";
import { ExitWith } from "../failure.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { conduct, type Session } from "../session.ts";
import { count, figure, table } from "../../text.ts";

/** `pipeline run|schedule|status|history|rollback|release CONFIG`: dictionaries that keep up with their data. */
export function pipelineCommand(io: Io): CommandUnknownOpts {
  return new Command("pipeline")
    .description("keep a dictionary up with new data")
    .addCommand(runCommand(io))
    .addCommand(scheduleCommand(io))
    .addCommand(statusCommand(io))
    .addCommand(historyCommand(io))
    .addCommand(rollbackCommand(io))
    .addCommand(releaseCommand(io));
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
          ["last run", lastRun === null ? "none" : endOf(lastRun)],
          ["inputs pending", count(pending.length)],
          ["inputs refused", count(status.refused.length)],
          ...status.refused.map(({ path }) => ["input refused", path]),
          ...status.missing.map(({ path, kind, since }) => [
            `input missing (${kind})`,
            `${path}, since ${since}`,
          ]),
          ["drops in quarantine", status.quarantined.join(", ") || "none"],
          ["rows trained on", count(rows.new)],
          ["rows held out", count(rows.heldOut)],
          ["rows in the reservoir", count(rows.reservoir)],
          [
            "rows pending",
            status.pendingSince === null
              ? count(rows.pending)
              : `${count(rows.pending)}, since ${status.pendingSince}`,
          ],
          ["messages not delivered", count(status.undelivered)],
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
      const runs = history.runs.map((run) => [
        run.started,
        `${run.run}`,
        outcomeOf(run),
        run.version ?? "",
        figure(fvu.get(run.version ?? "") ?? undefined),
        count(run.newRows),
        run.reason ?? "",
      ]);
      const rows = [...runs, ...byHand(history)];
      print(history, () =>
        table(
          ["at", "run", "outcome", "version", "FVU", "new rows", "why"],
          rows.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0),
          { prose: true },
        ));
    })
  );
}

// What happened beside the runs, as lines of their table.
function byHand({ promotions, events }: PipelineHistory): string[][] {
  return [
    ...promotions.filter(({ kind }) => kind === "rollback")
      .map(({ at, version, previous, reason }) => [
        at,
        "",
        `rollback from ${previous}`,
        version,
        "",
        "",
        reason ?? "",
      ]),
    ...events.map(({ at, kind, drop, reason }) => [
      at,
      "",
      kind === "release"
        ? `drop ${drop} released`
        : `drop ${drop} put in quarantine`,
      "",
      "",
      "",
      reason ?? "",
    ]),
  ];
}

function rollbackCommand(io: Io): CommandUnknownOpts {
  return onConfig("rollback", "make an older version current again", [
    "dbksvd pipeline rollback pipeline.json",
  ])
    .option("--to <version>", "which one (default: the one before)")
    .action((config, { to }, self) =>
      conduct(io, self, async ({ print, say }) => {
        const { rollbackPipeline } = await import("../../pipeline/by_hand.ts");
        const done = await rollbackPipeline(config, {
          to,
          onNotice: (notice) => say("info", notice),
        });
        print(
          done,
          () => `${done.version} is current, in place of ${done.previous}`,
        );
      })
    );
}

function releaseCommand(io: Io): CommandUnknownOpts {
  return onConfig("release", "take a drop out of quarantine", [
    "dbksvd pipeline release pipeline.json 12",
  ])
    .argument("<drop>", "the run that took it", wholeNumber())
    .action((config, drop, _flags, self) =>
      conduct(io, self, async ({ print, say }) => {
        const { releaseDrop } = await import("../../pipeline/by_hand.ts");
        const done = await releaseDrop(config, drop);
        if (done.missing.length > 0) {
          say(
            "warn",
            `${done.missing.join(", ")}: no longer there, so that nothing of ${
              done.missing.length === 1 ? "it" : "them"
            } is trained on unless put back`,
          );
        }
        print(
          done,
          () =>
            `Drop ${drop} is released; the next run takes ${
              count(done.files.length)
            } files again, and ${count(done.pendingRows)} rows that were kept`,
        );
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

// What came of a run; where it did not end, why.
function endOf(run: RunRecord): string {
  const { state, reason } = run;
  const outcome = outcomeOf(run);
  return state === "done" || reason === null
    ? outcome
    : `${outcome}: ${reason}`;
}

function describeRun(run: PipelineRun): string {
  const { outcome, reason, files, rows } = run;
  return [
    `Run ${run.run}: ${outcome}, ${reason}`,
    ...(run.quarantined
      ? [
        `The new rows are in quarantine; dbksvd pipeline release CONFIG ${run.run} lifts it`,
      ]
      : []),
    `Files: ${files.taken.length} taken, ${files.refused.length} refused, ${files.duplicates.length} duplicates; rows: ${
      count(rows.new)
    } new, ${count(rows.heldOut)} held out`,
    ...files.refused.map(({ path, reason }) => `Refused ${path}: ${reason}`),
    ...files.missing.map(({ path, kind, reason }) =>
      kind === "unreachable"
        ? `Not to be had now, ${path}: ${reason}`
        : `Missing ${path}: ${reason}`
    ),
    ...files.unsettled.map((path) => `Still being written: ${path}`),
    ...files.changed.map((path) =>
      `Changed since it was taken, and left alone: ${path}`
    ),
    ...files.retaken.map((path) =>
      `Changed right after it was taken, and taken again: ${path}`
    ),
    ...(run.current === undefined ? [] : [`Current version: ${run.current}`]),
  ].join("\n");
}
