/**
 * Nonzeros allowed in each group: ⌊k/g⌋ each, the remainder one each to the largest groups (later ones first on
 * ties). With shares given, one each at first and every further one to the group of the largest share over nonzeros
 * so far plus one (D'Hondt's method), the earlier group on ties: exactly the shares where k is their sum, and never
 * fewer for a larger k.
 *
 * @param groups the groups' sizes
 * @param sparsity k, at least one a group
 * @param shares the nonzeros of each group at full sparsity, at least 1 each
 */
export function groupSparsities(
  groups: readonly number[],
  sparsity: number,
  shares?: readonly number[],
): number[] {
  if (shares !== undefined) return inProportion(shares, sparsity);
  const base = Math.floor(sparsity / groups.length);
  const equal = groups.map(() => base);
  const bySize = groups.map((_, g) => g)
    .sort((a, b) => groups[b] - groups[a] || b - a);
  for (let i = 0; i < sparsity % groups.length; i++) equal[bySize[i]]++;
  return equal;
}

function inProportion(shares: readonly number[], sparsity: number): number[] {
  const given = shares.map(() => 1);
  for (let left = sparsity - shares.length; left > 0; left--) {
    let next = 0;
    shares.forEach((share, g) => {
      const ahead = share * (given[next] + 1) > shares[next] * (given[g] + 1);
      if (ahead) next = g;
    });
    given[next]++;
  }
  return given;
}
