import { DbksvdError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { RowSource } from "../rows/source.ts";
import { type ClassColumn, readClasses } from "./classes.ts";
import { drawCorrelation } from "./correlation.ts";
import { drawTasks, type LabelledUnits, type Task } from "./draw.ts";
import type { KeptUnits } from "./keep.ts";
import type { ProbeOptions } from "./options.ts";
import type { CorrelationTasks } from "./perturbation.ts";
import { readUnits, type RowUnits } from "./units.ts";

/** Bytes of raw rows that probes are fitted to and tested on, at most. */
const KEPT_BYTES = 2 ** 29;

/** What is to be gathered of the rows. */
export interface ProbePlan {
  units: RowUnits;
  columns: ClassColumn[];
  tasks: Task[];
  scr?: CorrelationTasks;
  delivery: ProbeOptions["rows"];
}

/** Reads classes and groups, splits them and draws the tasks. */
export async function planOf(
  source: RowSource,
  options: ProbeOptions,
): Promise<ProbePlan> {
  const { seed = 0, pool = false, byGroup, testShare = 0.2, rows, scr } =
    options;
  const columns = await readClasses(source, options.classColumns);
  requireClasses(columns, options.classes);
  const only = rows?.only;
  const split = { seed, byGroup, pool, testShare, test: options.test, only };
  const units = await readUnits(source, split);
  const tasks = drawAll(columns, units, source.width, options);
  const plan = { units, columns, tasks, delivery: rows };
  if (scr === undefined) return plan;
  const read = await readClasses(source, scr.map(({ column }) => column));
  const attribute = (i: 0 | 1) => ({
    column: units.classesOf(read[i]),
    values: scr[i].values,
  });
  const pair = [attribute(0), attribute(1)] as const;
  return { ...plan, scr: drawCorrelation(pair, units, seed) };
}

// One that is written otherwise than in the rows would be left out without a word.
function requireClasses(
  columns: readonly ClassColumn[],
  wanted: readonly string[] = [],
): void {
  const known = columns.flatMap(({ classes }) => classes);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const some = known.slice(0, 8).map((name) => JSON.stringify(name)).join(", ");
  throw new DbksvdError("usage", `No row is of a class "${unknown}"`, {
    where: { column: columns[0]?.name },
    mend: near === undefined
      ? `there are ${some}${known.length > 8 ? ", …" : ""}`
      : `did you mean "${near}"?`,
  });
}

/** The tasks of spurious correlation removal. */
export function tasksIn(scr: CorrelationTasks | undefined): Task[] {
  return scr === undefined ? [] : [...scr.attributes, scr.both];
}

function drawAll(
  columns: readonly ClassColumn[],
  units: RowUnits,
  width: number,
  { seed = 0, minRows = 100, classes }: ProbeOptions,
): Task[] {
  const most = Math.floor(KEPT_BYTES / (4 * width) / columns.length);
  const tasks = columns.flatMap((column) =>
    drawTasks(units.classesOf(column), units, { seed, minRows, classes, most })
  );
  if (tasks.length > 0) return tasks;
  throw new DbksvdError("data", "No class has enough rows to probe for", {
    where: { column: columns[0]?.name },
    mend:
      `give more rows, or fewer than ${minRows} with --min-rows; the test needs 20 rows of two classes`,
  });
}

/** A task by the slots of its units, without those that no row came of: filters drop some. */
export function inSlots(task: Task, kept: KeptUnits): Task {
  const side = ({ units, positive }: LabelledUnits): LabelledUnits => {
    const slots = units.map((unit) => kept.slotOf(unit));
    const there = [...slots.keys()].filter((i) => kept.counts[slots[i]] > 0);
    return {
      units: Uint32Array.from(there, (i) => slots[i]),
      positive: Uint8Array.from(there, (i) => positive[i]),
    };
  };
  return { ...task, train: side(task.train), test: side(task.test) };
}
