import type { TrainOptions } from "./options.ts";

/** Size of the first two groups where sizes are left to us. */
const FIRST_GROUP = 256;

/**
 * The sizes of a dictionary's nested groups. Left to us they are 256, 256, 512, 1024, …: each group doubles the prefix that
 * ends with it; the last is cut to fit.
 */
export function groupSizes(
  { matryoshka, atoms }: Pick<TrainOptions, "matryoshka" | "atoms">,
): readonly number[] {
  if (matryoshka === undefined) return [atoms];
  if (matryoshka !== "auto") return matryoshka;
  const sizes: number[] = [];
  for (let end = 0; end < atoms;) {
    const size = Math.min(end || FIRST_GROUP, atoms - end);
    sizes.push(size);
    end += size;
  }
  return sizes;
}
