import { DbksvdError } from "../errors.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import { openInputs, type RowOptions } from "./inputs.ts";
import type { Session } from "./session.ts";
import { inputsFor, otherContent } from "./training_rows.ts";

/**
 * The rows that models are measured on: the given inputs; else those of the first model's training, of which only the
 * rows that it held out.
 */
export async function measuredRows(
  model: string,
  inputs: readonly string[],
  flags: RowOptions & { heldOut?: true },
  session: Session,
): Promise<{ source: RowSource; rows?: Pick<BatchOptions, "only"> }> {
  if (inputs.length > 0 && !flags.heldOut) {
    return { source: await inputsFor(model, inputs, flags, session) };
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
          "it is another file, or was written anew: name rows to measure on",
      },
    );
  }
  if (changed !== undefined) session.say("warn", otherContent(changed));
  return { source, rows: { only: await heldOutRows(config, source) } };
}
