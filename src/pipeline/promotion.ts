import type { PipelineSettings } from "./config.ts";
import type { DropScores } from "./evaluate.ts";

/** Whether a candidate is promoted, and why. */
export interface Verdict {
  promote: boolean;
  /** The new rows themselves are at fault: they are kept out of the reservoir and of later judgements. */
  quarantine: boolean;
  reason: string;
}

/**
 * Holds a candidate against the current version, both measured on the same held-out rows. The FVU is looked at three
 * times: over the rows of earlier drops, which a drop of noise spoils whatever its own rows say; over all rows together;
 * and as the mean over drops, so that a drop of a larger scale cannot outvote the others.
 */
export function judge(
  candidate: DropScores,
  current: DropScores | undefined,
  atoms: number,
  rule: PipelineSettings["promotion"],
): Verdict {
  const { all } = candidate;
  if (all.rows < 2) return promoted("there are no held-out rows to judge by");
  if (!Number.isFinite(all.fvu)) {
    return kept("its held-out FVU is not a number", true);
  }
  if (current === undefined) return promoted("it is the first version");
  const forgotten = rise(
    "FVU on earlier drops",
    [candidate.earlierFvu, current.earlierFvu],
    rule.maxForgetting,
  );
  if (forgotten !== undefined) return kept(forgotten, true);
  const worse = rise(
    "held-out FVU",
    [all.fvu, current.all.fvu],
    rule.maxFvuIncrease,
  ) ?? rise(
    "mean FVU over drops",
    [candidate.meanFvu, current.meanFvu],
    rule.maxFvuIncrease,
  );
  if (worse !== undefined) return kept(worse);
  const died = (all.dead_atoms - current.all.dead_atoms) / atoms;
  if (died > rule.maxDeadIncrease) {
    const change = `${current.all.dead_atoms} to ${all.dead_atoms} of ${atoms}`;
    const limit = percent(rule.maxDeadIncrease);
    return kept(
      `its dead atoms rose from ${change}, over the ${limit} allowed`,
    );
  }
  return promoted(
    `its held-out FVU is ${figure(all.fvu)}, it was ${figure(current.all.fvu)}`,
  );
}

function promoted(reason: string): Verdict {
  return { promote: true, quarantine: false, reason };
}

function kept(reason: string, quarantine = false): Verdict {
  return { promote: false, quarantine, reason };
}

function rise(
  name: string,
  [is, was]: [number, number],
  limit: number,
): string | undefined {
  const share = is / was - 1;
  if (!(share > limit)) return undefined;
  const change = `${percent(share)} (${figure(was)} to ${figure(is)})`;
  return `its ${name} rose by ${change}, over the ${percent(limit)} allowed`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

function figure(value: number): string {
  return value.toPrecision(4);
}
