import { DbksvdError } from "../errors.ts";
import { holdOut } from "../learn/held_out_groups.ts";
import type { ModelConfig } from "../model/model.ts";
import type { OpenRowsOptions } from "../rows/options.ts";
import { STANDARD_INPUT } from "../rows/standard_input.ts";
import type { RowSet, RowSource } from "../rows/source.ts";

/** The inputs that a model was trained on, as they were opened. */
export function trainingInputs(
  config: ModelConfig,
): { paths: string[]; options: OpenRowsOptions } {
  const { inputs, column, reading, rows } = config;
  if (inputs.some(({ path }) => path === STANDARD_INPUT)) {
    throw new DbksvdError(
      "usage",
      "The model was trained on rows from standard input, which are gone",
      { mend: "name rows" },
    );
  }
  return {
    paths: inputs.map(({ path }) => path),
    options: { ...reading, column, maxRows: rows.read },
  };
}

/**
 * The first input whose content is not what the training read in its place: written anew since, in another order, or
 * another file of that name, as in another directory. Undefined where all are the same, as far as the record tells.
 *
 * @param config the model's record
 * @param source the inputs as they are now
 */
export async function changedInput(
  { inputs }: Pick<ModelConfig, "inputs">,
  source: RowSource,
): Promise<string | undefined> {
  const { files } = source;
  if (files.length !== inputs.length) return undefined;
  const prints = await source.fingerprints?.() ?? [];
  const isFar = (path: string) => /^[a-z0-9]+:\/\//i.test(path);
  return files.find(({ path }, i) => {
    const before = inputs[i].digest, now = prints[i]?.digest;
    if (before === undefined || now === undefined) return false;
    // Of what is far away fewer pieces are hashed.
    const kind = (digest: string) => digest.replace(/:.*/, "");
    return before !== now && kind(before) === kind(now) &&
      isFar(path) === isFar(inputs[i].path);
  })?.path;
}

/**
 * The rows that a model's training held out, found again from its seed.
 *
 * @param config the model's record
 * @param source the inputs it was trained on
 * @throws {DbksvdError} `usage` where it held none out, or the inputs are not those
 */
export async function heldOutRows(
  config: ModelConfig,
  source: RowSource,
): Promise<RowSet> {
  const { holdout, seed } = config.parameters;
  if (source.rowCount !== config.rows.read) {
    throw new DbksvdError(
      "usage",
      `The inputs have ${source.rowCount} rows, the model was trained from ${config.rows.read}`,
      { mend: "give the inputs of the training, or leave --held-out away" },
    );
  }
  const { rows } = await holdOut(source, {
    holdout: Number(holdout),
    holdoutBy: config.holdoutBy ?? "row",
    seed: Number(seed),
  });
  if (rows !== undefined) return rows;
  throw new DbksvdError("usage", "The model's training held no rows out", {
    mend: "give rows to evaluate on",
  });
}
