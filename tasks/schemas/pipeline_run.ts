// What is said of a run of a pipeline.
import type { MissingInput } from "../../src/pipeline/inputs.ts";
import type { PipelineRun } from "../../src/pipeline/run_record.ts";
import type { RunRecord } from "../../src/pipeline/status.ts";
import {
  amount,
  count,
  define,
  described,
  type Fields,
  flag,
  list,
  nullable,
  number,
  object,
  optional,
  text,
  time,
  words,
} from "./fields.ts";
import { scores } from "./metrics.ts";

const OUTCOMES = ["promoted", "kept", "pending", "nothing"];

/** A list of inputs. */
export const paths = (description: string) =>
  list(description, text("An input."));

/** Of an input that could not be seen. */
export const MISSING: Fields<MissingInput> = {
  path: text("Its name, or the pattern that matches nothing."),
  kind: words("Whether it may be there later, or is not there.", [
    "unreachable",
    "nothing",
  ]),
  reason: text("Why, in words."),
};

/** An input that was refused. */
export const refusedFile = object<PipelineRun["files"]["refused"][number]>({
  path: text("The input."),
  reason: text("Why, in words."),
});

const runFiles = object<PipelineRun["files"]>({
  taken: paths("Taken by this run."),
  refused: list("Refused, with the reasons.", refusedFile),
  duplicates: list(
    "Of the same content as one that was taken.",
    object<PipelineRun["files"]["duplicates"][number]>({
      path: text("The input."),
      original: text("The one that was taken."),
    }),
  ),
  changed: paths("Taken before, changed since: not taken again."),
  retaken: paths("Taken before it was finished: taken again."),
  unsettled: paths("Still being written: left for the next run."),
  vanished: paths("Taken before, and gone."),
  missing: list("What could not be seen.", object<MissingInput>(MISSING)),
  unchanged: count("Inputs that are as they were."),
}, "What became of the inputs.");

const runRows = object<PipelineRun["rows"]>({
  new: count("Rows that entered, held-out ones apart."),
  heldOut: count("Rows put aside."),
  pending: count("Rows that wait until there are more."),
  waited: count("Rows that waited and were trained on."),
  replayed: count("Rows of the reservoir trained on again."),
  visits: count("Rows given to the training over all its passes."),
}, "Rows, by what was done with them.");

/** A version, where it is named. */
export const version = text("The version's id.");

/** What a run did. */
export const run = define(
  "run",
  object<PipelineRun>({
    run: count("The run's number."),
    outcome: words("What came of it.", OUTCOMES),
    version: optional(text("The version that it made.")),
    current: optional(text("The version that is current now.")),
    reason: text("Why, in words."),
    quarantined: flag("Whether the new rows are at fault."),
    files: runFiles,
    rows: runRows,
    metrics: optional(object<NonNullable<PipelineRun["metrics"]>>({
      candidate: described("Of the version that it made.", scores),
      current: optional(described("Of the current one after it.", scores)),
      previous: optional(described("Of the current one before it.", scores)),
    }, "On the held-out rows.")),
    drift: optional(object<NonNullable<PipelineRun["drift"]>>({
      mean: number("Mean of 1 − |⟨d, d'⟩| over atoms."),
      max: number("The largest of them."),
      replaced: count("Atoms begun anew."),
    }, "How far the atoms are from the parent's.")),
    seconds: amount("How long it took."),
    exitCode: words(
      "0; 1 where an input could not be asked now; 3 where one was refused or is not there.",
      [0, 1, 3],
    ),
  }, "What a run did."),
);

/** A run as the database holds it. */
export const runRecord = define(
  "runRecord",
  object<RunRecord>({
    run: count("Its number."),
    state: words("How it stands.", [
      "running",
      "done",
      "failed",
      "interrupted",
    ]),
    outcome: nullable(words("What came of it.", OUTCOMES)),
    started: time("When."),
    finished: nullable(time("When.")),
    version: nullable(text("The version that it made.")),
    parent: nullable(text("The version that it began from.")),
    reason: nullable(text("Why, in words.")),
    newRows: count("Rows that entered, held-out ones apart."),
    heldOutRows: count("Rows put aside."),
    replayedRows: count("Rows of the reservoir trained on again."),
    rowVisits: count("Rows given to the training over all its passes."),
  }, "A run as it is recorded."),
);
