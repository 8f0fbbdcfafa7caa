import type { RowSource } from "../rows/source.ts";
import { openInputs, type RowOptions } from "./inputs.ts";
import type { Session } from "./session.ts";

/** Opens the inputs; without any, those that the model was trained on, as they were read then. */
export async function inputsOrTraining(
  model: string,
  inputs: readonly string[],
  flags: RowOptions,
  session: Session,
): Promise<RowSource> {
  if (inputs.length > 0) return await openInputs(inputs, flags, session);
  const [{ loadModel }, { trainingInputs }] = await Promise.all([
    import("../model/directory.ts"),
    import("../use/held_out_rows.ts"),
  ]);
  const { config } = await loadModel(model);
  const { paths, options } = trainingInputs(config);
  return await openInputs(paths, { ...options, ...flags }, session);
}
