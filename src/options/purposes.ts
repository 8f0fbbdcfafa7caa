import type { TrainOptions } from "./train_options.ts";

/** What a dictionary is for: what its settings are measured to be good at. */
export const PURPOSES = ["rebuild", "probing"] as const;

/** What a dictionary is for. */
export type Purpose = typeof PURPOSES[number];

/**
 * The settings of each purpose. `rebuild`: the defaults, the lowest error. `probing`: a few general atoms first, and
 * codes whose single latents tell concepts (tasks/experiments/RESULTS.md).
 */
export const PURPOSE_OPTIONS: Readonly<
  Record<Purpose, Readonly<Partial<TrainOptions>>>
> = {
  rebuild: {},
  probing: {
    matryoshka: "probing",
    nonnegative: true,
    coding: "joint",
    candidates: "signed",
    selectionRidge: 0.3,
    groupWeight: 1.2,
    decoderSteps: 300,
  },
};
