/**
 * What stands beside the models: `raw` coordinates, principal components (`pca`), dictionaries of `random` rows with
 * as many atoms and nonzeros, and a `dense` probe of all coordinates, the ceiling.
 */
export type Baseline = "raw" | "pca" | "random" | "dense";
