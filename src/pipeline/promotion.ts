import type { PipelineSettings } from "./config.ts";
import type { DropScores } from "./evaluate.ts";

/** Whether a candidate is promoted, and why. */
export interface Verdict {
  promote: boolean;
  /** The new rows themselves are at fault: they are kept out of the reservoir and of later judgements. */
  quarantine: boolean;
  reason: string;
}

/** On fewer held-out rows of earlier drops nothing is blamed on new ones. */
const ROWS_TO_BLAME = 200;
/** The standard normal's 95th percentile. */
const ONE_SIDED_95 = 1.6449;

/**
 * Holds a candidate against the current version, both measured on the same held-out rows. The FVU is looked at three
 * times: over the rows of earlier drops, which a drop of noise spoils whatever its own rows say; over all rows
 * together; and as the mean over drops, so that a drop of a larger scale cannot outvote the others. New rows are
 * blamed, and put in quarantine, only where the rise on earlier drops is beyond chance.
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
    const fault = current !== undefined && Number.isFinite(current.all.fvu);
    return kept("its held-out FVU is not a number", fault);
  }
  if (current === undefined) return promoted("it is the first version");
  const forgotten = rise(
    "FVU on earlier drops",
    [candidate.earlierFvu, current.earlierFvu],
    rule.maxForgetting,
  );
  if (forgotten !== undefined) {
    const rows = candidate.earlierErrors.length;
    const least = leastRise(candidate.earlierErrors, current.earlierErrors);
    if (rows < ROWS_TO_BLAME) {
      const why = `${rows} held-out rows are too few to blame the new rows`;
      return kept(`${forgotten}; ${why}`);
    }
    const bound = `at least ${
      percent(least)
    } with 95% confidence, by ${rows} held-out rows`;
    return kept(`${forgotten}; ${bound}`, least > rule.maxForgetting);
  }
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

/**
 * The least share by which a sum of errors has risen, with 95% confidence: the lower end of the one-sided interval of a
 * ratio of sums over the same rows, by the delta method (Cochran, Sampling Techniques, section 6.4).
 *
 * @param is the errors of each row by the one dictionary
 * @param was those of the same rows by the other
 */
export function leastRise(is: Float64Array, was: Float64Array): number {
  const rows = is.length;
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  const total = sum(was);
  const ratio = sum(is) / total;
  let squares = 0;
  for (let i = 0; i < rows; i++) squares += (is[i] - ratio * was[i]) ** 2;
  const spread = Math.sqrt(squares * rows / (rows - 1)) / total;
  return ratio - 1 - ONE_SIDED_95 * spread;
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
