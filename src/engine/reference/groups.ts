import type { EngineSpec } from "../engine.ts";
import { groupSparsities } from "../group_sparsities.ts";

/** One Matryoshka group, or the only one, and its share of a row's code slots. */
export interface Group {
  /** First atom. */
  start: number;
  atoms: number;
  sparsity: number;
  /** First code slot of a row. */
  slot: number;
}

/** Lays a spec's groups out for k nonzeros a row. */
export function layOutGroups(spec: EngineSpec, sparsity: number): Group[] {
  const shares = groupSparsities(
    spec.groups,
    sparsity,
    spec.coder.groupSparsity,
  );
  let start = 0, slot = 0;
  return spec.groups.map((atoms, g) => {
    const group = { start, atoms, sparsity: shares[g], slot };
    start += atoms;
    slot += shares[g];
    return group;
  });
}

/** The rows of the dictionary that are a group's atoms; a view. */
export function groupDictionary(
  group: Group,
  dictionary: Float32Array,
  width: number,
): Float32Array {
  return dictionary.subarray(
    group.start * width,
    (group.start + group.atoms) * width,
  );
}
