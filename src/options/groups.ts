import type { TrainOptions } from "./train_options.ts";

/** Size of the first two groups where sizes are left to us. */
const FIRST_GROUP = 256;

/** Size of the first group that probing is served by, up to so many atoms; above, its share of the atoms. */
const GENERAL_ATOMS = 32;
const GENERAL_UP_TO = 1024;

type Grouping = Pick<TrainOptions, "matryoshka" | "atoms">;

/**
 * The sizes of a dictionary's nested groups. `auto`: 256, 256, 512, 1024, …: each group doubles the prefix that ends
 * with it; the last is cut to fit. `probing`: 32 (m/32 above 1024 atoms), and the rest. A last size `rest` is what
 * others leave.
 */
export function groupSizes({ matryoshka, atoms }: Grouping): readonly number[] {
  if (matryoshka === undefined) return [atoms];
  if (matryoshka === "auto") return doublingSizes(atoms);
  if (matryoshka === "probing") {
    const general = Math.max(
      GENERAL_ATOMS,
      Math.round(atoms * GENERAL_ATOMS / GENERAL_UP_TO),
    );
    const first = Math.min(general, atoms >> 1);
    return first === 0 ? [atoms] : [first, atoms - first];
  }
  const given = matryoshka.filter((size) => size !== "rest");
  if (given.length === matryoshka.length) return given;
  return [...given, atoms - given.reduce((sum, size) => sum + size, 0)];
}

/**
 * The nonzeros of each group where they are not to be equal shares: those asked for; for `probing` half of them each,
 * the larger half for the first group.
 */
export function groupNonzeros(
  options: Grouping & Pick<TrainOptions, "sparsity" | "groupSparsity">,
): readonly number[] | undefined {
  const { matryoshka, sparsity, groupSparsity } = options;
  if (groupSparsity !== undefined) return groupSparsity;
  const sizes = groupSizes(options);
  if (matryoshka !== "probing" || sizes.length === 1) return undefined;
  const first = Math.min(Math.ceil(sparsity / 2), sizes[0]);
  return [first, sparsity - first];
}

function doublingSizes(atoms: number): number[] {
  const sizes: number[] = [];
  for (let end = 0; end < atoms;) {
    const size = Math.min(end || FIRST_GROUP, atoms - end);
    sizes.push(size);
    end += size;
  }
  return sizes;
}
