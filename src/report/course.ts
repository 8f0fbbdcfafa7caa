import type { MetricsLine } from "../model/model.ts";
import type { MetricsLines } from "../model/metrics_lines.ts";

/** Lines that are kept of a course, at most twice as many; a chart shows far fewer. */
const MOST_KEPT = 4096;

/** A training's course, as much of it as charts show: it does not grow with the training. */
export interface TrainingCourse {
  /** How many iterations there were. */
  iterations: number;
  /** The last one. */
  last?: MetricsLine | undefined;
  /** Lines evenly spread over the training, all of a short one; the last among them. */
  lines: readonly MetricsLine[];
  /** The same of those with a validation FVU. */
  validated: readonly MetricsLine[];
  /** Atoms replaced over the rows seen, in runs of iterations. */
  replacements: readonly Replacements[];
  /** Most dead atoms at once. */
  mostDead: number;
  /** Milliseconds of all iterations. */
  milliseconds: number;
  /** The same by stage. */
  stages: ReadonlyMap<string, number>;
}

/** Atoms replaced from one number of rows seen to another. */
export interface Replacements {
  from: number;
  to: number;
  replaced: number;
}

/** The course that a training's lines tell of. */
export async function courseOf(lines: MetricsLines): Promise<TrainingCourse> {
  const gathered = new GatheredCourse();
  for await (const line of lines) gathered.add(line);
  return gathered.course();
}

class GatheredCourse {
  readonly #lines = new EvenlySpread();
  readonly #validated = new EvenlySpread();
  readonly #stages = new Map<string, number>();
  #replacements: Replacements[] = [];
  #perRun = 1;
  #iterations = 0;
  #last: MetricsLine | undefined;
  #mostDead = 0;
  #milliseconds = 0;

  add(line: MetricsLine): void {
    this.#lines.add(line);
    if (line.validationFvu !== undefined) this.#validated.add(line);
    this.#addReplacements(line);
    for (const [stage, milliseconds] of Object.entries(line.stages)) {
      this.#stages.set(stage, (this.#stages.get(stage) ?? 0) + milliseconds);
    }
    this.#mostDead = Math.max(this.#mostDead, line.deadAtoms);
    this.#milliseconds += line.milliseconds;
    this.#iterations++;
    this.#last = line;
  }

  course(): TrainingCourse {
    return {
      iterations: this.#iterations,
      last: this.#last,
      lines: this.#lines.items(),
      validated: this.#validated.items(),
      replacements: this.#replacements,
      mostDead: this.#mostDead,
      milliseconds: this.#milliseconds,
      stages: this.#stages,
    };
  }

  #addReplacements({ rowsSeen, replaced }: MetricsLine): void {
    const runs = this.#replacements;
    if (this.#iterations % this.#perRun > 0) {
      const run = runs[runs.length - 1];
      run.to = rowsSeen;
      run.replaced += replaced;
      return;
    }
    if (runs.length === 2 * MOST_KEPT) {
      this.#replacements = mergeReplacements(runs, 2);
      this.#perRun *= 2;
    }
    const from = this.#last?.rowsSeen ?? 0;
    this.#replacements.push({ from, to: rowsSeen, replaced });
  }
}

/** Joins runs that follow each other, so many to one. */
export function mergeReplacements(
  runs: readonly Replacements[],
  perRun: number,
): Replacements[] {
  const merged: Replacements[] = [];
  for (let i = 0; i < runs.length; i += perRun) {
    const joined = runs.slice(i, i + perRun);
    merged.push({
      from: joined[0].from,
      to: joined[joined.length - 1].to,
      replaced: joined.reduce((sum, { replaced }) => sum + replaced, 0),
    });
  }
  return merged;
}

/** Every nth of the lines given, n doubling where they become many; and the last. */
class EvenlySpread {
  #kept: MetricsLine[] = [];
  #every = 1;
  #seen = 0;
  #last: MetricsLine | undefined;

  add(line: MetricsLine): void {
    if (this.#kept.length === 2 * MOST_KEPT) {
      this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
      this.#every *= 2;
    }
    if (this.#seen % this.#every === 0) this.#kept.push(line);
    this.#seen++;
    this.#last = line;
  }

  items(): MetricsLine[] {
    const kept = this.#kept;
    return this.#last === undefined || kept[kept.length - 1] === this.#last
      ? kept
      : [...kept, this.#last];
  }
}
