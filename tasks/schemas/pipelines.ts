// What pipelines print, log and send.
import type { Release, rollbackPipeline } from "../../src/pipeline/by_hand.ts";
import type { ErrorKind } from "../../src/errors.ts";
import type { NotifyEvent } from "../../src/pipeline/config.ts";
import type { VersionRecord } from "../../src/pipeline/history.ts";
import type { MissingInput } from "../../src/pipeline/inputs.ts";
import type { PipelineRun } from "../../src/pipeline/run_record.ts";
import type {
  PipelineHistory,
  PipelineStatus,
} from "../../src/pipeline/status.ts";
import type { Drift } from "../../src/pipeline/versions.ts";
import type { Heartbeat } from "../../src/pipeline/watch.ts";
import {
  count,
  define,
  type Document,
  type Field,
  figure,
  flag,
  list,
  map,
  nullable,
  number,
  object,
  optional,
  text,
  time,
  words,
} from "./fields.ts";
import {
  MISSING,
  paths,
  refusedFile,
  run,
  runRecord,
  version,
} from "./pipeline_run.ts";

/** What a webhook gets: fields by event. */
interface Message {
  id: string;
  event: NotifyEvent;
  at: string;
  pipeline: string;
  run?: number;
  version?: string;
  reason?: string;
  fvu?: number;
  kind?: ErrorKind;
  inputs?: MissingInput[];
  files?: PipelineRun["files"]["refused"];
  missed?: number;
  first?: string;
  last?: string;
}

const NOTIFY_EVENTS: readonly NotifyEvent[] = [
  "failure",
  "promotion",
  "kept",
  "refused",
  "missed",
];

const ERROR_KINDS: readonly ErrorKind[] = ["run", "usage", "data", "device"];

const versionRecord = object<VersionRecord>({
  version,
  run: count("The run that made it."),
  parent: nullable(text("The version that it began from.")),
  created: time("When."),
  promoted: flag("Whether it became current."),
  removed: nullable(time("When retention removed its folder.")),
  reason: nullable(text("Why it was promoted or not.")),
  fvu: figure("On the held-out rows of its run."),
  previousFvu: figure("Of the version that was current, on the same rows."),
  driftMean: figure("Mean of 1 − |⟨d, d'⟩| over its atoms and its parent's."),
  driftMax: figure("The largest of them."),
  replaced: nullable(count("Atoms begun anew.")),
  newRows: count("Rows that entered with its run."),
  replayedRows: count("Old rows trained on again."),
});

/** The file that tells that a pipeline is alive. */
const heartbeat = define(
  "heartbeat",
  object<Heartbeat>({
    at: time("When it was written."),
    pid: count("The process."),
    pipeline: text("The pipeline's name."),
    state: words("What it does.", ["running", "idle", "stopped"]),
    run: optional(count("The run under way.")),
    stage: optional(text("Its stage.")),
    next: optional(time("When the schedule falls due next.")),
  }, "What the heartbeat file says."),
);

const status: Field = object<PipelineStatus>({
  pipeline: text("Its name."),
  root: text("The folder of its state."),
  current: nullable(text("The current version's id.")),
  fvu: figure("Its held-out FVU when it was promoted."),
  lastRun: {
    json: { anyOf: [runRecord.json, { type: "null" }] },
  },
  runs: map("Runs by how they ended.", count("Runs.")),
  files: map("Inputs by state.", count("Inputs.")),
  refused: list(
    "Refused inputs.",
    object<PipelineStatus["refused"][number]>({
      path: text("The input."),
      reason: nullable(text("Why, in words.")),
    }),
  ),
  vanished: paths("Taken, and gone."),
  missing: list(
    "Inputs that the last run could not see.",
    object<PipelineStatus["missing"][number]>({
      ...MISSING,
      since: time("Since when."),
    }),
  ),
  pending: paths("Inputs that the next run will look at."),
  rows: object<PipelineStatus["rows"]>({
    new: count("Rows that entered over all runs."),
    heldOut: count("Rows put aside."),
    replayed: count("Rows trained on again."),
    reservoir: count("Rows in the reservoir."),
    pending: count("Rows that wait until there are more."),
  }),
  pendingSince: nullable(time("When the first waiting row came.")),
  quarantined: list("Drops in quarantine.", count("The run that took it.")),
  versions: count("Versions whose folders are there."),
  undelivered: count("Notifications not delivered yet."),
  schedule: nullable(object<NonNullable<PipelineStatus["schedule"]>>({
    expression: text("Five crontab fields, UTC."),
    next: nullable(time("When it falls due next.")),
    missed: count("Times that were missed."),
  }, "Its own times, where it has some.")),
  heartbeat: { json: { anyOf: [heartbeat.json, { type: "null" }] } },
});

const history: Field = object<PipelineHistory>({
  pipeline: text("Its name."),
  current: nullable(text("The current version's id.")),
  versions: list("Every version, removed ones included.", versionRecord),
  runs: list("Every run.", runRecord),
  promotions: list(
    "Every change of the current version.",
    object<PipelineHistory["promotions"][number]>({
      at: time("When."),
      kind: words("What.", ["promotion", "rollback"]),
      version,
      previous: nullable(text("The one before.")),
      reason: nullable(text("Why, in words.")),
    }),
  ),
  events: list(
    "Drops put in quarantine and released from it.",
    object<PipelineHistory["events"][number]>({
      at: time("When."),
      kind: words("What.", ["quarantine", "release"]),
      drop: count("The run that took the drop."),
      reason: nullable(text("Why, in words.")),
    }),
  ),
});

const message: Field = object<Message>({
  id: text("The message's, the same whenever it is sent."),
  event: words("What happened.", NOTIFY_EVENTS),
  at: time("When."),
  pipeline: text("The pipeline's name."),
  run: optional(count("The run's number.")),
  version: optional(text("The version that the run made.")),
  reason: optional(text("Why, in words.")),
  fvu: optional(figure("Of a promoted version, on the held-out rows.")),
  kind: optional(words("Of a failure: how a user sorts it.", ERROR_KINDS)),
  inputs: optional(list("What could not be seen.", object(MISSING))),
  files: optional(list("Refused inputs.", refusedFile)),
  missed: optional(count("Due times that were missed.")),
  first: optional(time("The first of them.")),
  last: optional(time("The last of them.")),
});

type Rollback = Awaited<ReturnType<typeof rollbackPipeline>>;

/** The documents of pipelines. */
export const PIPELINES: readonly Document[] = [
  { name: "pipeline-run", title: "dbksvd pipeline run --json", field: run },
  {
    name: "pipeline-schedule",
    title: "dbksvd pipeline schedule --json",
    field: object<{ runs: PipelineRun[] }>({
      runs: list("The runs, until it was stopped.", run),
    }),
  },
  {
    name: "pipeline-status",
    title: "dbksvd pipeline status --json",
    field: status,
  },
  {
    name: "pipeline-history",
    title: "dbksvd pipeline history --json",
    field: history,
  },
  {
    name: "pipeline-rollback",
    title: "dbksvd pipeline rollback --json",
    field: object<Rollback>({
      version: text("The version that is current now."),
      previous: text("The one that was."),
    }),
  },
  {
    name: "pipeline-release",
    title: "dbksvd pipeline release --json",
    field: object<Release>({
      drop: count("The run that took the drop."),
      files: paths("What the next run takes anew."),
      missing: paths("Those of them that are not there now."),
      pendingRows: count("Rows that were kept, and wait for it."),
    }),
  },
  {
    name: "heartbeat",
    title: "heartbeat.json of a pipeline's root",
    field: heartbeat,
  },
  {
    name: "drift",
    title: "drift.json of a pipeline's version",
    field: object<Drift>({
      atoms: list("1 − |⟨d, d'⟩| by atom.", number("Of an atom.")),
      mean: number("Their mean."),
      max: number("The largest of them."),
      replaced: count("How many atoms were begun anew."),
      replacedAtoms: list("Which.", count("An atom.")),
    }),
  },
  {
    name: "pipeline-webhook",
    title: "what a pipeline's webhooks are sent",
    field: message,
  },
  {
    name: "pipeline-event",
    title: "a line of a pipeline's log, on standard error",
    field: {
      json: {
        type: "object",
        required: ["time", "level", "pipeline", "event"],
        properties: {
          time: time("When.").json,
          level:
            words("How much it matters.", ["debug", "info", "warn", "error"])
              .json,
          pipeline: text("The pipeline's name.").json,
          run: count("The run's number.").json,
          event: text("What happened, in dotted words.").json,
        },
      },
    },
  },
];
