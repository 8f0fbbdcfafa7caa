import { DbksvdError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import { openSafetensors, type Safetensors } from "../../files/safetensors.ts";
import { parseJson, readText } from "../../files/text.ts";

/**
 * Fields that tell how a training went, or where a file came from: none of them changes what a finished autoencoder
 * does.
 */
const RECORDS = [
  /^(metadata|dataset.*|created.*|author.*|description|notes?|url|(.*_)?version|commit)$/,
  /^((model|lm|submodule|hook|run|project|tokenizer|sae|wandb)_?(class_)?name|wandb.*|layers?|(hook|sae)_layer)$/,
  /^(.*_)?(seeds?|lr|device|dtype|path|id|optimizer)$/,
  /^(steps|.*(warm_?up|anneal|decay|resample|threshold_start|eval)(_.*)?_(steps?|start|end))$/,
  /^(l0|l1|aux|mse|sparsity|pre_act|initial)(_.*)?(loss|penalty|coefficients?|queue_length|function)$/,
  /^(adam|lr|eval|log|checkpoint|sparsity|l0|l1)_.*(steps?|tokens?|updates|beta\d?|freq.*|scheduler.*|warm_?up.*)$/,
  /^(training|train|store|feature|dead)_.*(steps?|tokens?|batch(es)?(_size)?|window|epochs?|frequency)$/,
];

/** An autoencoder that cannot be used, and why. */
export function unusable(path: string, why: string): DbksvdError {
  return new DbksvdError("data", `Cannot use the autoencoder, ${why}`, {
    where: { file: path },
    mend: "docs/inputs.md lists the autoencoders that are read",
  });
}

/** Reads a JSON object that stands beside the weights. */
export async function readConfig(
  path: string,
): Promise<Record<string, unknown>> {
  try {
    const config = parseJson(await readText(path));
    if (isJsonObject(config)) return config;
    throw new SyntaxError("not an object");
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    throw new DbksvdError("data", "Cannot read an autoencoder's config", {
      where: { file: path },
      mend: cause instanceof Deno.errors.NotFound
        ? "there is no such file; copy it from where the weights came from"
        : "it has to be a JSON object",
      cause,
    });
  }
}

/**
 * Refuses a config with a field that is not known and that is set: it may change what the autoencoder computes. Fields
 * that are off (null, false, 0, "none", empty) and records of the training pass.
 *
 * @param config the fields
 * @param known names that are read, or that change nothing
 * @param path the config's file
 */
export function requireKnown(
  config: Record<string, unknown>,
  known: readonly string[],
  path: string,
): void {
  for (const [name, value] of Object.entries(config)) {
    if (
      known.includes(name) || isOff(value) ||
      RECORDS.some((one) => one.test(name))
    ) continue;
    const text = String(JSON.stringify(value)).slice(0, 60);
    throw unusable(path, `its "${name}" (${text}) is not known here`);
  }
}

function isOff(value: unknown): boolean {
  return value === null || value === false || value === 0 || value === "" ||
    value === "none" ||
    (typeof value === "object" && Object.keys(value!).length === 0);
}

/**
 * A field that is on or off. Anything else there (a text, a number) is refused: whether its own tool takes `"false"`
 * for true depends on the tool.
 *
 * @param config the fields
 * @param name which
 * @param otherwise what holds where it is not there
 * @param path the config's file
 */
export function flag(
  config: Record<string, unknown>,
  name: string,
  otherwise: boolean,
  path: string,
): boolean {
  const value = config[name];
  if (value === undefined || (value === null && !otherwise)) return otherwise;
  if (typeof value === "boolean") return value;
  const text = String(JSON.stringify(value)).slice(0, 60);
  throw unusable(path, `its "${name}" is ${text}, neither true nor false`);
}

/** Opens weights; what is missing of them, or of another shape, is a fault of the autoencoder and not of the file. */
export async function openWeights(path: string): Promise<Safetensors> {
  const file = await openSafetensors(path);
  const { tensors } = file.header;
  return {
    ...file,
    float32: async (name, shape) => {
      const found = tensors.get(name)?.shape;
      if (found === undefined) {
        const names = [...tensors.keys()].map((other) => `"${other}"`);
        const others = names.join(", ") || "none";
        throw unusable(path, `it has no tensor "${name}", only ${others}`);
      }
      const fits = shape === undefined || found.length === shape.length &&
          found.every((size, axis) => size === (shape[axis] ?? size));
      if (fits) return await file.float32(name, shape);
      const expected = shape.map((size) => size ?? "any");
      throw unusable(
        path,
        `its tensor "${name}" is [${found}], expected [${expected}]`,
      );
    },
  };
}

/** Refuses a file with a tensor that its kind of autoencoder has no use for: what it is for is not known here. */
export function requireTensors(
  { header }: Safetensors,
  known: readonly string[],
  path: string,
): void {
  for (const name of header.tensors.keys()) {
    if (known.includes(name)) continue;
    throw unusable(path, `its tensor "${name}" is not known here`);
  }
}

/** Refuses a config that claims another size than its tensors have. */
export function requireSize(
  what: string,
  claimed: unknown,
  found: number,
  path: string,
): void {
  if (claimed === undefined || claimed === null || claimed === found) return;
  throw unusable(path, `its config says ${what} ${claimed}, not ${found}`);
}

/** The number of latents a row, a whole number that the latents allow. */
export function sparsityOf(k: unknown, atoms: number, path: string): number {
  if (Number.isInteger(k) && Number(k) >= 1 && Number(k) <= atoms) {
    return Number(k);
  }
  throw unusable(path, `its k is ${k}`);
}

/** The decoder with an atom a row: its tensor, read from a file. */
export async function decoderRows(
  file: Safetensors,
  name: string,
  path: string,
) {
  const dictionary = await file.float32(name, [undefined, undefined]);
  const [atoms, width] = file.header.tensors.get(name)!.shape;
  if (atoms > 0 && width > 0) return { dictionary, atoms, width };
  throw unusable(path, `its decoder is [${[atoms, width]}]`);
}

/** The record that an autoencoder's file carries of itself. */
export function recordOf(
  config: Record<string, unknown>,
): Record<string, unknown> {
  return isJsonObject(config.metadata) ? config.metadata : {};
}
