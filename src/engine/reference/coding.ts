import { NEGLIGIBLE_CORRELATION } from "../../thresholds.ts";
import { isPositive } from "../dial.ts";
import { type CoderOptions, EMPTY_SLOT } from "../engine.ts";
import { LargestEntries } from "../largest.ts";
import type { ProgressReporter } from "../progress.ts";
import { type Group, groupDictionary } from "./groups.ts";
import { gram, multiplyTransposed } from "./products.ts";
import { Pursuit } from "./pursuit.ts";
import { rowEnergies } from "./rows.ts";
import type { Workspace } from "./workspace.ts";

/** Correlations are computed for this many rows at a time, */
const CODING_CHUNK = 1024;

/** or for fewer where that would take more multiplications than a moment has. */
const CHUNK_WORK = 2 ** 28;

/** Codes over one group: rows × the group's share of slots, indices within the group. */
export interface GroupCodes {
  indices: Uint32Array;
  values: Float32Array;
}

/** What one group's coding works with. */
export interface CodingInput {
  group: Group;
  /** The group's atoms × width. */
  dictionary: Float32Array;
  /** The group's Gram. */
  gram: Float32Array;
  /** What earlier groups left of the rows, rows × width. */
  rows: Float32Array;
  /** ‖y‖² of the whole rows. */
  energies: Float64Array;
  width: number;
  workspace: Workspace;
  progress: ProgressReporter;
}

/**
 * What a group's coding works with: its atoms and their Gram beside the rows.
 *
 * @param wants the Gram: `made`, `known` where that of this very dictionary is in the workspace already, or none
 */
export function codingInput(
  group: Group,
  { dictionary, ...rows }: Omit<CodingInput, "group" | "gram">,
  wants: "made" | "known" | "none" = "made",
): CodingInput {
  const own = groupDictionary(group, dictionary, rows.width);
  const name = `gram ${group.start}`;
  const size = wants === "none" ? 0 : group.atoms ** 2;
  const g = rows.workspace.array("Float32Array", name, size);
  if (wants === "made") {
    gram(
      own,
      group.atoms,
      rows.width,
      g,
      (row) => rows.progress.report("gram", row, group.atoms),
    );
  }
  return { ...rows, group, dictionary: own, gram: g };
}

/** Codes what is left of the rows over one group's atoms; the codes last until the workspace's next ones. */
export function codeGroup(
  input: CodingInput,
  coder: CoderOptions,
  shrinkage: { ridge: number; shrink: number },
): GroupCodes {
  const { group, dictionary, rows, energies, width: n, workspace } = input;
  const { atoms: m, sparsity: k } = group;
  const count = energies.length;
  const indices = workspace.array("Uint32Array", "indices", count * k);
  const values = workspace.array("Float32Array", "values", count * k);
  const codeRow = rowCoder(input, coder, shrinkage);
  const left = workspace.array("Float64Array", "left", count);
  const current = group.start === 0
    ? energies
    : rowEnergies(rows, count, n, left);
  const most = Math.max(
    4,
    Math.min(CODING_CHUNK, Math.floor(CHUNK_WORK / (m * n))),
  );
  const correlations = workspace.array(
    "Float32Array",
    "correlations",
    most * m,
  );
  for (let first = 0; first < count; first += most) {
    const chunk = Math.min(most, count - first);
    multiplyTransposed(
      rows.subarray(first * n, (first + chunk) * n),
      chunk,
      dictionary,
      m,
      n,
      correlations,
    );
    for (let i = 0; i < chunk; i++) {
      const row = first + i;
      input.progress.report("coding", row, count);
      codeRow(
        correlations.subarray(i * m, (i + 1) * m),
        current[row],
        coder.tolerance ** 2 * energies[row],
        indices.subarray(row * k, (row + 1) * k),
        values.subarray(row * k, (row + 1) * k),
        energies[row],
      );
    }
  }
  return { indices, values };
}

// What codes a row from its correlations: a pursuit, or the choice of the largest.
function rowCoder(
  { group: { start, atoms: m, sparsity: k }, gram }: CodingInput,
  { method, ...coder }: CoderOptions,
  shrinkage: { ridge: number; shrink: number },
): (...row: Parameters<Pursuit["run"]>) => void {
  if (method === "correlations") {
    const largest = new LargestEntries(k, isPositive({ method, ...coder }));
    return (correlations, _energy, _stop, indices, values, whole = 0) =>
      largest.find(
        correlations,
        NEGLIGIBLE_CORRELATION * Math.sqrt(whole),
        indices,
        values,
      );
  }
  const weights = coder.weights?.subarray(start, start + m);
  const options = { ...coder, method, weights, sparsity: k, ...shrinkage };
  const pursuit = new Pursuit(gram, m, options);
  return (...row) => pursuit.run(...row);
}

/** R ← R − X·D over one group. */
export function subtractCodes(input: CodingInput, codes: GroupCodes): void {
  const { group: { sparsity: k }, dictionary, rows, width: n } = input;
  const left = new Float64Array(n);
  for (
    let first = 0, row = 0;
    first < codes.indices.length;
    first += k, row += n
  ) {
    left.set(rows.subarray(row, row + n));
    for (let e = first; e < first + k; e++) {
      if (codes.indices[e] === EMPTY_SLOT) break;
      const value = codes.values[e], atom = codes.indices[e] * n;
      for (let p = 0; p < n; p++) left[p] -= value * dictionary[atom + p];
    }
    rows.set(left, row);
  }
}
