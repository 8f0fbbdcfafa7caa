import type { Baseline } from "./probe_baseline.ts";

/** What stands beside the models in every table. */
export const BASELINES: readonly Baseline[] = [
  "raw",
  "pca",
  "random",
  "dense",
];

/** A latent that a probe goes by. */
export interface ProbedLatent {
  /** The atom, or the coordinate or component of a baseline. */
  atom: number;
  /** Of its codes. */
  sign: "+" | "-";
  /** In the probe, in normalised units. */
  weight: number;
}

/** One class probed for with k latents. */
export interface ClassScore {
  /** The column. */
  label: string;
  /** The class. */
  class: string;
  /** Rows that the probe was fitted to, half of them of the class. */
  rows: number;
  /** Rows that it was tested on. */
  test: number;
  /** The model, or the baseline. */
  model: string;
  /** Latents that the probe goes by; undefined for the dense probe. */
  k?: number;
  /** Balanced accuracy on the test. */
  accuracy: number;
  /** Area under the ROC curve on the test. */
  auc: number;
  /** The same by sae-probes' definition: an L1 penalty of a strength chosen by validation. */
  l1Auc?: number;
  /** The latents, the most telling first. */
  latents: ProbedLatent[];
}

/** The one latent that tells a class best by whether it fires, against all rows. */
export interface BestLatent extends LatentClass {
  /** Area under the ROC curve of its values on the class's test. */
  auc: number;
}

/** The class that a latent tells best. */
export interface LatentClass extends LatentFit {
  /** The column. */
  label: string;
  /** The class. */
  class: string;
  /** The model. */
  model: string;
}

/** What one model, or baseline, comes to over all classes. */
export interface ProbeSummary {
  /** Its name. */
  model: string;
  /** A baseline, or one of the models. */
  kind: "model" | Baseline;
  /** How its rows are coded, in words. */
  coder: string;
  /** Mean nonzeros of a row. */
  l0?: number;
  /** The share of rows in which its most used latent fires. */
  densest?: number;
  /** Latents that fire in more than a tenth of the rows. */
  denseLatents?: number;
  /** Mean accuracy over classes, then over labels, by the number of latents (`dense` for the dense probe). */
  accuracy: Record<string, number>;
  /** The same of the area under the ROC curve. */
  auc: Record<string, number>;
  /** The same of the area by sae-probes' definition. */
  l1Auc: Record<string, number>;
  /** Half the 95 % interval of its accuracy's difference to the first model's, on the same test rows. */
  halfWidth: Record<string, number>;
  /** Mean F1 of its best latent a class. */
  bestF1?: number;
  /** Targeted probe perturbation, by the number of latents taken out; where it was asked for. */
  tpp?: Record<string, number>;
  /** Spurious correlation removal, by the number of latents taken out; where it was asked for. */
  scr?: Record<string, number>;
  /**
   * How much of the classes other latents than their own absorbed; where it was asked for, and a class is recognised
   * well enough.
   */
  absorption?: Absorption | undefined;
}

/** What {@linkcode probe} found. */
export interface ProbeResult {
  /** Rows coded. */
  rows: number;
  /** Rows without any label. */
  unlabelled: number;
  /** Classes that were passed over because too few rows are of them. */
  passedOver: number;
  /** What was probed: rows, or the means of groups. */
  units: "rows" | "groups";
  /** The models, then the baselines. */
  models: ProbeSummary[];
  /** Every class by every model and number of latents. */
  scores: ClassScore[];
  /** The best single latent of every class, by model. */
  best: BestLatent[];
  /** The class that each latent of the models tells best, where F1 is at least 0.1. */
  atoms: LatentClass[];
}

/** How one latent tells a class from all other rows, by whether it fires. */
export interface LatentFit {
  /** The atom. */
  atom: number;
  /** Of its codes. */
  sign: "+" | "-";
  /** Of the rows where it fires, the share that is of the class. */
  precision: number;
  /** Of the rows of the class, the share where it fires. */
  recall: number;
  /** 2/(1/precision + 1/recall). */
  f1: number;
  /** The share of all rows where it fires. */
  density: number;
}

/** How much of a class latents other than its own have absorbed. */
export interface Absorption {
  /** Mean share of a class's projection that other latents took over. */
  fraction: number;
  /** Share of rows in which none of the class's own latents fires and another one carries it. */
  full: number;
  /** Mean F1 of the classes' own latents: under 0.3 the two above say nothing. */
  mainF1: number;
  /** Classes measured. */
  classes: number;
}
