import { DbksvdError } from "../errors.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { openInputs, type RowOptions } from "./inputs.ts";
import type { Session } from "./session.ts";
import { inputsFor, otherContent } from "./training_rows.ts";

/** Rows to measure on. */
interface MeasuredRows {
  source: RowSource;
  rows?: Pick<BatchOptions, "only">;
  /** For whoever sees the figures: which options chose or changed them, beside those of the training. */
  otherwise: string;
}

/**
 * The rows that models are measured on: the given inputs; else those of the first model's training, of which only the
 * rows that it held out.
 */
export async function measuredRows(
  model: string,
  inputs: readonly string[],
  flags: RowOptions & { heldOut?: true },
  session: Session,
): Promise<MeasuredRows> {
  if (inputs.length > 0 && !flags.heldOut) {
    const source = await inputsFor(model, inputs, flags, session);
    return { source, otherwise: readOtherwise(source) };
  }
  const [{ loadModel }, { changedInput, heldOutRows, trainingInputs }] =
    await Promise.all([
      import("../model/directory.ts"),
      import("../use/held_out_rows.ts"),
    ]);
  const { config } = await loadModel(model);
  const { paths, options } = trainingInputs(config);
  const source = inputs.length > 0
    ? await inputsFor(model, inputs, flags, session)
    : await openInputs(paths, { ...options, ...flags }, session);
  const changed = await changedInput(config, source);
  if (changed !== undefined && inputs.length === 0) {
    await source.close();
    throw new DbksvdError(
      "data",
      "The training's rows are not there any more",
      {
        where: { file: changed },
        mend:
          "it is another file, or was written anew: name rows to measure on, with --held-out where they are the same",
      },
    );
  }
  if (changed !== undefined) session.say("warn", otherContent(changed));
  const only = await heldOutRows(config, source);
  return {
    source,
    rows: { only },
    otherwise: readOtherwise(source, config.reading ?? {}),
  };
}

function readOtherwise(
  { reading = {} }: RowSource,
  training?: Readonly<Record<string, unknown>>,
): string {
  const names = CHOOSING.filter((name) =>
    JSON.stringify(reading[name]) !== JSON.stringify(training?.[name])
  ).map((name) => `--${name.replace(/[A-Z]/g, (one) => `-${one}`)}`);
  const word = training === undefined ? "with" : "with another";
  return names.length === 0
    ? ""
    : `, ${word} ${names.join(", ").toLowerCase()}`;
}

/** Options by which figures differ. */
const CHOOSING = [
  "where",
  "skipItems",
  "skipInvalid",
  "maxNormQuantile",
  "unitNorm",
];
