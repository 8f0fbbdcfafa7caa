import type { PipelineSettings } from "./config.ts";
import type { DropScores } from "./evaluate.ts";

/** Whether a candidate is promoted, and why. */
export interface Verdict {
  promote: boolean;
  reason: string;
}

/**
 * Holds a candidate against the current version, both measured on the same held-out rows. The FVU is looked at three
 * times: over all rows together; as the mean over drops, so that a drop of a larger scale cannot outvote the others; and
 * over the rows of earlier drops, so that a drop of noise cannot win by its own rows.
 */
export function judge(
  candidate: DropScores,
  current: DropScores | undefined,
  atoms: number,
  rule: PipelineSettings["promotion"],
): Verdict {
  if (candidate.all.rows < 2) {
    return { promote: true, reason: "there are no held-out rows to judge by" };
  }
  if (!Number.isFinite(candidate.all.fvu)) {
    return { promote: false, reason: "its held-out FVU is not a number" };
  }
  if (current === undefined) {
    return { promote: true, reason: "it is the first version" };
  }
  const { maxFvuIncrease, maxForgetting } = rule;
  const measures: [string, number, number, number][] = [
    ["held-out FVU", candidate.all.fvu, current.all.fvu, maxFvuIncrease],
    [
      "mean FVU over drops",
      candidate.meanFvu,
      current.meanFvu,
      maxFvuIncrease,
    ],
    [
      "FVU on earlier drops",
      candidate.earlierFvu,
      current.earlierFvu,
      maxForgetting,
    ],
  ];
  for (const [name, is, was, limit] of measures) {
    const rise = is / was - 1;
    if (rise > limit) {
      return {
        promote: false,
        reason: `its ${name} rose by ${percent(rise)} (${figure(was)} to ${
          figure(is)
        }), over the ${percent(limit)} allowed`,
      };
    }
  }
  const died = (candidate.all.dead_atoms - current.all.dead_atoms) / atoms;
  if (died > rule.maxDeadIncrease) {
    return {
      promote: false,
      reason:
        `its dead atoms rose from ${current.all.dead_atoms} to ${candidate.all.dead_atoms} of ${atoms}, over the ${
          percent(rule.maxDeadIncrease)
        } allowed`,
    };
  }
  return {
    promote: true,
    reason: `its held-out FVU is ${figure(candidate.all.fvu)}, it was ${
      figure(current.all.fvu)
    }`,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

function figure(value: number): string {
  return value.toPrecision(4);
}
