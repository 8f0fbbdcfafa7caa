import { PURPOSE_OPTIONS } from "../../../src/options/purposes.ts";
import type { TrainOptions } from "../../../src/options/train_options.ts";
import type { CoderChanges } from "../../../src/use/coder_changes.ts";
import type { LabelledSet } from "./data.ts";

/** A training, and the ways its dictionary codes rows. */
export interface Way {
  name: string;
  options(set: LabelledSet): Partial<TrainOptions>;
  coders: Readonly<Record<string, CoderChanges>>;
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
      "λ .3": { selectionRidge: 0.3 },
      "λ .3, w 1.2": { selectionRidge: 0.3, groupWeight: 1.2 },
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
    name: "32, rest, non-negative",
    options: () => ({ matryoshka: "probing", nonnegative: true }),
    coders: {
      "by groups": {},
      "joint, signed": JOINT,
      "joint, signed, w 1.2": { ...JOINT, groupWeight: 1.2 },
      "joint, signed, λ .3": { ...JOINT, selectionRidge: 0.3 },
      "joint, signed, λ .3, w 1.2: `--for probing`": {
        ...JOINT,
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
      "joint, positive, w 1.2": {
        ...{ coding: "joint", candidates: "positive", groupWeight: 1.2 },
      },
      "joint, positive, λ .3, w 1.2": {
        ...{ coding: "joint", candidates: "positive" },
        ...{ selectionRidge: 0.3, groupWeight: 1.2 },
      },
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

/** First groups, selection ridges and group weights out of which `--for probing` is chosen. */
export const DIAL: readonly Way[] = [16, 32, 64].map((first) => ({
  name: `${first}, rest`,
  options: ({ atoms }) => ({
    matryoshka: [first, atoms - first],
    nonnegative: true,
  }),
  coders: Object.fromEntries(
    [0, 0.1, 0.3, 1].flatMap((selectionRidge) =>
      [1, 1.2, 1.5].map((groupWeight) => [
        `λ ${selectionRidge}, w ${groupWeight}`,
        { ...JOINT, selectionRidge, groupWeight },
      ])
    ),
  ),
}));
