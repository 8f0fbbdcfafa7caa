import { PURPOSE_OPTIONS } from "../../../src/options/purposes.ts";
import type { TrainOptions } from "../../../src/options/train_options.ts";
import type { CoderChanges } from "../../../src/use/coder_changes.ts";
import type { LabelledSet } from "./data.ts";

/** A training, and the ways its dictionary codes rows. */
export interface Way {
  name: string;
  options(set: LabelledSet): Partial<TrainOptions>;
  coders: Readonly<Record<string, CoderChanges>>;
  /** Whether random rows, coordinates and principal components are measured beside it. */
  baselines?: boolean;
}

const JOINT = { coding: "joint", candidates: "signed" } as const;

/** What is compared: the defaults, nested groups, and the dial of the choice of atoms. */
export const WAYS: readonly Way[] = [
  {
    name: "default",
    options: () => PURPOSE_OPTIONS.rebuild,
    coders: {
      "": {},
      "λ .1": { selectionRidge: 0.1 },
      "λ .3, w 1.2": { selectionRidge: 0.3, groupWeight: 1.2 },
    },
    baselines: true,
  },
  {
    name: "32, rest, non-negative",
    options: () => ({ matryoshka: "probing", nonnegative: true }),
    coders: {
      "by groups": {},
      "joint, signed, w 1.2": { ...JOINT, groupWeight: 1.2 },
      "joint, signed, λ .3, w 1.2": {
        ...JOINT,
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
    },
  },
  {
    name: "`--for probing`",
    options: () => PURPOSE_OPTIONS.probing,
    coders: { "": {} },
  },
  {
    name: "32, rest, non-negative, otherwise coded",
    options: () => ({ matryoshka: "probing", nonnegative: true }),
    coders: {
      "joint, signed": JOINT,
      "joint, signed, λ .3": { ...JOINT, selectionRidge: 0.3 },
      "joint, positive, λ .3, w 1.2": {
        ...{ coding: "joint", candidates: "positive" },
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
    },
  },
  {
    name: "non-negative",
    options: () => ({ nonnegative: true }),
    coders: { "": {} },
  },
  {
    name: "four nested groups",
    options: ({ nested }) => ({ matryoshka: nested }),
    coders: {
      "by groups": {},
      "joint": { coding: "joint" },
      "joint, λ .3": { coding: "joint", selectionRidge: 0.3 },
    },
  },
  {
    name: "32, rest, signed",
    options: () => ({ matryoshka: "probing" }),
    coders: {
      "joint": { coding: "joint" },
      "joint, λ .3, w 1.2": {
        ...{ coding: "joint", selectionRidge: 0.3, groupWeight: 1.2 },
      },
    },
  },
];

/** A selection ridge and a group weight. */
type Dial = readonly [selectionRidge: number, groupWeight: number];

/** Rest, what `--for probing` has, and steps from there. */
const TRIED: Readonly<Record<number, readonly Dial[]>> = {
  32: [
    [0, 1],
    [0, 1.2],
    [0, 1.5],
    [0.1, 1.2],
    [0.1, 1.5],
    [0.3, 1],
    [0.3, 1.2],
    [0.3, 1.5],
    [1, 1.2],
  ],
  16: [[0, 1], [0.3, 1.2]],
  64: [[0, 1], [0.3, 1.2]],
};

/** First groups, selection ridges and group weights out of which `--for probing` is chosen. */
export function dialFor(atoms: number): readonly Way[] {
  // Beyond 1024 atoms only the first group is in question: a fixed size, or one that grows with them.
  const tried: [first: number, dials: readonly Dial[]][] = atoms <= 1024
    ? [32, 16, 64].map((first) => [first, TRIED[first]])
    : [32, atoms / 64, atoms / 32, atoms / 16]
      .filter((first, i, all) => all.indexOf(first) === i)
      .map((first) => [first, [[0.3, 1.2]]]);
  return tried.map(([first, dials]) => ({
    name: `${first}, rest`,
    options: () => ({ matryoshka: [first, atoms - first], nonnegative: true }),
    coders: Object.fromEntries(
      dials.map(([selectionRidge, groupWeight]) => [
        `λ ${selectionRidge}, w ${groupWeight}`,
        { ...JOINT, selectionRidge, groupWeight },
      ]),
    ),
  }));
}
