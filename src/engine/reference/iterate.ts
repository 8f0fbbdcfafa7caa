import type { EngineSpec, IterationReport, IterationStep } from "../engine.ts";
import type { ProgressReporter } from "../progress.ts";
import { codeGroup, codingInput, subtractCodes } from "./coding.ts";
import { type Group, layOutGroups } from "./groups.ts";
import { duplicateAtoms, replaceByWorstRows } from "./housekeeping.ts";
import { atomLists } from "./lists.ts";
import { rowEnergies, total } from "./rows.ts";
import { updateAtoms, type UpdateState } from "./update.ts";
import type { Workspace } from "./workspace.ts";

/** What an iteration changes in place. */
export interface IterationState {
  /** atoms × width. */
  dictionary: Float32Array;
  /** What earlier batches weigh in each atom. */
  weights: Float32Array;
  /** Normalised rows, rows × width; their residual in the end. */
  residual: Float32Array;
  workspace: Workspace;
  progress: ProgressReporter;
}

/** One DB-KSVD iteration: every group codes what earlier groups left of the rows, then updates its atoms. */
export function iterateOnce(
  spec: EngineSpec,
  state: IterationState,
  rows: number,
  step: IterationStep,
): IterationReport {
  const start = performance.now();
  const { residual, workspace } = state;
  const energiesAs = (name: string) => {
    const room = workspace.array("Float64Array", name, rows);
    return rowEnergies(residual, rows, spec.width, room);
  };
  const energies = energiesAs("energies");
  const report = emptyReport(spec, rows, total(energies));
  const duplicates: number[] = [];
  let fallen = 0;
  for (
    const group of layOutGroups(spec, step.sparsity ?? spec.coder.sparsity)
  ) {
    const done = iterateGroup(spec, state, { group, energies, step, report });
    duplicates.push(...done.duplicates);
    fallen += done.fallen;
  }
  const errors = energiesAs("errors");
  report.updatedError = total(errors);
  report.codingError = report.updatedError + fallen;
  report.duplicates = Uint32Array.from(duplicates);
  const { dictionary, weights } = state;
  replaceByWorstRows(dictionary, step.replace, residual, errors, spec.width);
  for (const atom of step.replace) weights[atom] = 0;
  report.milliseconds = performance.now() - start;
  return report;
}

function iterateGroup(
  spec: EngineSpec,
  state: IterationState,
  work: GroupWork & { step: IterationStep },
): { duplicates: number[]; fallen: number } {
  const { group, step, report } = work;
  const open = openGroup(spec, state, work);
  const { usage } = open, before = total(open.errors());
  report.usage.set(usage, group.start);
  report.nonzeros += open.updated.lists.slots.length;
  timed(report, "update", () => {
    let atoms = 0;
    for (const batch of atomBatches(step, group)) {
      state.progress.report("update", group.start + atoms, spec.atoms);
      atoms += batch.length;
      updateAtoms(open.updated, batch, {
        powerSteps: spec.powerSteps,
        exact: spec.exact,
        nonnegative: spec.coder.nonnegative,
        memory: step.memory ?? 0,
      });
    }
  });
  return {
    duplicates: duplicatesOf(open, usage),
    fallen: before - total(open.errors()),
  };
}

/** What one group's coding and update take. */
export interface GroupWork {
  group: Group;
  /** ‖y‖² of the whole rows. */
  energies: Float64Array;
  step: IterationStep;
  /** Where times are kept. */
  report: IterationReport;
}

/** A group that is coded and not updated yet. */
export interface OpenGroup {
  group: Group;
  gram: Float32Array;
  updated: UpdateState;
  /** Uses of its atoms. */
  usage: Uint32Array;
  /** ‖r‖² of the rows as they are now; valid until called again. */
  errors(): Float64Array;
}

/** Codes what earlier groups left of the rows over a group's atoms, and subtracts that from them. */
export function openGroup(
  spec: EngineSpec,
  state: IterationState,
  { group, energies, step, report }: GroupWork,
): OpenGroup {
  const { width: n, coder } = spec, rows = energies.length;
  const { residual, workspace, progress } = state;
  const input = timed(report, "gram", () =>
    codingInput(group, {
      dictionary: state.dictionary,
      rows: residual,
      energies,
      width: n,
      workspace,
      progress,
    }));
  const codes = timed(
    report,
    coder.method,
    () =>
      codeGroup(input, coder, { ridge: step.ridge, shrink: step.shrink ?? 0 }),
  );
  timed(report, "residual", () => subtractCodes(input, codes));
  const lists = timed(report, "lists", () => {
    const room = workspace.array("Uint32Array", "slots", codes.indices.length);
    return atomLists(codes.indices, group.atoms, room);
  });
  const errors = () => {
    const room = workspace.array("Float64Array", "errors", rows);
    return rowEnergies(residual, rows, n, room);
  };
  return {
    group,
    gram: input.gram,
    updated: {
      dictionary: input.dictionary,
      residual,
      values: codes.values,
      lists,
      weights: state.weights.subarray(group.start, group.start + group.atoms),
      width: n,
      sparsity: group.sparsity,
    },
    usage: differences(lists.starts),
    errors,
  };
}

/** Near-duplicates among a group's atoms, as they stood before the update. */
export function duplicatesOf(
  { group, gram }: OpenGroup,
  usage: Uint32Array,
): number[] {
  return duplicateAtoms(gram, group.atoms, usage)
    .map((atom) => group.start + atom);
}

/** A report to be filled in. */
export function emptyReport(
  spec: EngineSpec,
  rows: number,
  energy: number,
): IterationReport {
  return {
    rows,
    energy,
    codingError: 0,
    updatedError: 0,
    nonzeros: 0,
    usage: new Uint32Array(spec.atoms),
    duplicates: new Uint32Array(0),
    milliseconds: 0,
    stages: {},
  };
}

// The atom batches of one group, as indices within the group: runs of `atomBatch` in the given order.
function* atomBatches(
  step: IterationStep,
  group: Group,
): Generator<Uint32Array> {
  const order = step.order.subarray(group.start, group.start + group.atoms);
  for (let b = 0; b < order.length; b += step.atomBatch) {
    yield order.slice(b, b + step.atomBatch).map((atom) => atom - group.start);
  }
}

function differences(starts: Uint32Array): Uint32Array {
  return Uint32Array.from(
    { length: starts.length - 1 },
    (_, j) => starts[j + 1] - starts[j],
  );
}

/** Does some work, and adds its time to a stage's. */
export function timed<T>(
  report: IterationReport,
  stage: string,
  work: () => T,
): T {
  const start = performance.now();
  const result = work();
  report.stages[stage] = (report.stages[stage] ?? 0) + performance.now() -
    start;
  return result;
}
