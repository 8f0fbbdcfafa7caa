import type { Labels } from "../labels/label.ts";
/** How a sparse autoencoder turns pre-activations (or residuals) into latents. */
export type Activation =
  | { kind: "relu" }
  /** The k largest, those above zero; signed: the k of largest magnitude, with their signs. */
  | { kind: "topk"; k: number; signed?: true }
  /** sparsify's: the largest above zero of each of k equal runs of latents. */
  | { kind: "groupmax"; k: number }
  /** Where Wx + gateBias is above zero: magnitudeScale · Wx + magnitudeBias, if that is. */
  | {
    kind: "gated";
    gateBias: Float32Array;
    magnitudeBias: Float32Array;
    magnitudeScale: Float32Array;
  }
  /** Those above their threshold. */
  | { kind: "jumprelu"; threshold: Float32Array }
  /** SAELens's matching pursuit: the largest positive correlation, repeats accumulate; there is no encoder. */
  | {
    kind: "matching_pursuit";
    /** Stop a row at ‖r‖ below this, in raw units; 0: never. */
    residualThreshold: number;
    /** Most steps a row. */
    maxIterations: number;
    /** Stop a row when a step adds no new latent. */
    stopOnDuplicateSupport: boolean;
  };

/** A sparse autoencoder of another tool, with its own encoder: ŷ = mean + Σ latent·W_dec row. */
export interface SparseAutoencoder {
  /** Whose format it came in. */
  format: "SAELens" | "sparsify" | "Gemma Scope" | "dictionary_learning";
  /** n: dimensions of a row. */
  width: number;
  /** Number of latents. */
  atoms: number;
  /** W_dec: atoms × width, rows of any length. */
  dictionary: Float32Array;
  /** b_dec. */
  mean: Float32Array;
  /** W_encᵀ: atoms × width; absent for matching pursuit. */
  encoder?: Float32Array;
  /** b_enc. */
  encoderBias?: Float32Array;
  /** Whether the mean is taken off rows before they are encoded. */
  centresInput: boolean;
  /** Whether pre-activations are compared after scaling by their decoder rows' lengths. */
  scalesByLength: boolean;
  /** How pre-activations become latents. */
  activation: Activation;
  /** The file's own account of itself, such as the metrics measured at export. */
  metadata: Record<string, unknown>;
  /** Names given to latents, by index. */
  labels?: Labels | undefined;
}
