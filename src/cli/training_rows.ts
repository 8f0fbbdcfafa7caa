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
  if (inputs.length > 0) return await inputsFor(model, inputs, flags, session);
  const [{ loadModel }, { changedInput, trainingInputs }] = await Promise.all([
    import("../model/directory.ts"),
    import("../use/held_out_rows.ts"),
  ]);
  const { config } = await loadModel(model);
  const { paths, options } = trainingInputs(config);
  const source = await openInputs(paths, { ...options, ...flags }, session);
  const changed = await changedInput(config, source);
  if (changed !== undefined) session.say("warn", otherContent(changed));
  return source;
}

/** What is said of an input that another one was trained on. */
export function otherContent(path: string): string {
  return `${path} is not what the model was trained on: it is another file of that name, or was written anew`;
}

/** Opens rows that are named for a model, and says where they are scaled otherwise than its training's. */
export async function inputsFor(
  model: string,
  inputs: readonly string[],
  flags: RowOptions,
  session: Session,
): Promise<RowSource> {
  const source = await openInputs(inputs, flags, session);
  const { isModelDirectory, loadModel } = await import("../model/directory.ts");
  if (flags.unitNorm || !await isModelDirectory(model)) return source;
  const { config } = await loadModel(model);
  if (config.reading?.unitNorm === true) {
    session.say(
      "warn",
      `${model} was trained on rows scaled to length 1, these are as they are: --unit-norm scales them`,
    );
  }
  return source;
}
