import type { DropScores } from "./evaluate.ts";
import type { Verdict } from "./promotion.ts";
import type { Drift } from "./versions.ts";

/** What a run's training gave, judged and written under `versions/`, but not yet anyone's. */
export interface Candidate {
  version: string;
  parent?: string | undefined;
  verdict: Verdict;
  candidate: DropScores;
  current?: DropScores | undefined;
  drift?: Drift | undefined;
  replayedRows: number;
  rowVisits: number;
}
