import type { Features } from "./features.ts";
import type { LatentCounts } from "./latents.ts";
import type { Baseline } from "../metrics/probe_baseline.ts";

/** Something whose features are probed: a model or a baseline. */
export interface Contestant {
  name: string;
  kind: "model" | Baseline;
  /** How its features come about, in words. */
  coder: string;
  features: Features;
  /** Atoms × width, for models and random rows. */
  dictionary?: Float32Array;
  /** Mean nonzeros of a row, and how often its latents fire; for models and random rows. */
  firing?: Firing | undefined;
}

/** How often latents fire. */
export interface Firing {
  /** In all rows coded. */
  all: LatentCounts;
  /** By column, in rows with a label that are for fitting and for the test. */
  byLabel: Map<string, { train: LatentCounts; test: LatentCounts }>;
  /** Nonzeros of all rows together. */
  nonzeros: number;
  rows: number;
}
