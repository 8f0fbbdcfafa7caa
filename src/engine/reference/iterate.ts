import type { EngineSpec, IterationReport, IterationStep } from "../engine.ts";
import { codeGroup, codingInput, subtractCodes } from "./coding.ts";
import { type Group, layOutGroups } from "./groups.ts";
import { duplicateAtoms, replaceByWorstRows } from "./housekeeping.ts";
import { atomLists } from "./lists.ts";
import { rowEnergies, total } from "./rows.ts";
import { updateAtoms } from "./update.ts";
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
  work: {
    group: Group;
    energies: Float64Array;
    step: IterationStep;
    report: IterationReport;
  },
): { duplicates: number[]; fallen: number } {
  const { group, energies, step, report } = work;
  const { width: n, coder } = spec, rows = energies.length;
  const { residual, workspace } = state;
  const input = timed(report, "gram", () =>
    codingInput(group, {
      dictionary: state.dictionary,
      rows: residual,
      energies,
      width: n,
      workspace,
    }));
  const { dictionary } = input;
  const codes = timed(
    report,
    coder.method,
    () =>
      codeGroup(input, coder, { ridge: step.ridge, shrink: step.shrink ?? 0 }),
  );
  timed(report, "residual", () => subtractCodes(input, codes));
  const lists = timed(
    report,
    "lists",
    () => {
      const { length } = codes.indices;
      const room = workspace.array("Uint32Array", "slots", length);
      return atomLists(codes.indices, group.atoms, room);
    },
  );
  const usage = differences(lists.starts);
  report.usage.set(usage, group.start);
  report.nonzeros += lists.slots.length;
  const errorNow = () => {
    const room = workspace.array("Float64Array", "errors", rows);
    return total(rowEnergies(residual, rows, n, room));
  };
  const before = errorNow();
  timed(report, "update", () => {
    const updated = {
      dictionary,
      residual,
      values: codes.values,
      lists,
      weights: state.weights.subarray(group.start, group.start + group.atoms),
      width: n,
      sparsity: group.sparsity,
    };
    for (const batch of atomBatches(step, group)) {
      updateAtoms(updated, batch, {
        powerSteps: spec.powerSteps,
        exact: spec.exact,
        nonnegative: coder.nonnegative,
        memory: step.memory ?? 0,
      });
    }
  });
  return {
    duplicates: duplicateAtoms(input.gram, group.atoms, usage)
      .map((atom) => group.start + atom),
    fallen: before - errorNow(),
  };
}

function emptyReport(
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

function timed<T>(report: IterationReport, stage: string, work: () => T): T {
  const start = performance.now();
  const result = work();
  report.stages[stage] = (report.stages[stage] ?? 0) + performance.now() -
    start;
  return result;
}
