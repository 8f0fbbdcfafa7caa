import type { MissingInput } from "./inputs.ts";
import type { Scores } from "./evaluate.ts";

/** What a run did: what `pipeline run --json` prints. */
export interface PipelineRun {
  /** The run's number. */
  run: number;
  /**
   * `promoted`: there is a new version; `kept`: the candidate was worse, the old version stays; `pending`: the new
   * rows are too few to judge by and wait for more; `nothing`: no new rows.
   */
  outcome: "promoted" | "kept" | "pending" | "nothing";
  /** The version that this run made. */
  version?: string | undefined;
  /** The version that is current now. */
  current?: string | undefined;
  /** Why, in words. */
  reason: string;
  /** The new rows are at fault: they are never replayed, and count in no later judgement. */
  quarantined: boolean;
  /** What became of the inputs. */
  files: {
    taken: string[];
    refused: { path: string; reason: string }[];
    duplicates: { path: string; original: string }[];
    /** Taken before, and changed since: not taken again. */
    changed: string[];
    /** Taken before, and changed so soon that they had not been finished: taken again. */
    retaken: string[];
    /** Still being written: left for the next run. */
    unsettled: string[];
    vanished: string[];
    /** What could not be seen: `unreachable` may be there later, `nothing` is not there. */
    missing: MissingInput[];
    unchanged: number;
  };
  /** How many rows, by what was done with them. */
  rows: {
    /** Rows that entered, held-out ones apart. */
    new: number;
    heldOut: number;
    /** Rows that wait after this run, until there are more. */
    pending: number;
    /** Rows of earlier runs that waited and were trained on by this one. */
    waited: number;
    /** Rows of the reservoir trained on again. */
    replayed: number;
    /** Rows given to the training over all its passes. */
    visits: number;
  };
  /** On the held-out rows; `current`: the version that is current after the run. */
  metrics?: {
    candidate: Scores;
    current?: Scores | undefined;
    previous?: Scores | undefined;
  } | undefined;
  /** How far the candidate's atoms are from its parent's. */
  drift?: { mean: number; max: number; replaced: number } | undefined;
  /** Wall time. */
  seconds: number;
  /** 0; 1 where an input could not be asked now; 3 where one was refused or is not there. */
  exitCode: number;
}
