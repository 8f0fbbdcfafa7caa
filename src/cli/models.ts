import { join } from "node:path";
import { DbksvdError } from "../errors.ts";

/** Files by which a model directory is known, this tool's first. */
const MODEL_FILES = [
  "dictionary.safetensors",
  "sae_weights.safetensors",
  "sae.safetensors",
  "ae.safetensors",
  "params.npz",
  "params.safetensors",
];

/** Parts `MODEL… INPUT…`: models first, up to the first argument that is no model directory. */
export async function modelsAndInputs(
  args: readonly string[],
  inputs: readonly string[] | undefined,
): Promise<{ models: string[]; inputs: string[] }> {
  if (args.length === 0) {
    throw new DbksvdError("usage", "No model is named", {
      mend: "name the directory that train wrote",
    });
  }
  if (inputs !== undefined) return { models: [...args], inputs: [...inputs] };
  // The first is a model whatever it looks like, so that a wrong path is named as such.
  let count = 1;
  while (count < args.length && await isModel(args[count])) count++;
  return { models: args.slice(0, count), inputs: args.slice(count) };
}

async function isModel(path: string): Promise<boolean> {
  const isFile = (at: string) =>
    Deno.stat(at).then(({ isFile }) => isFile, () => false);
  const found = await Promise.all(
    MODEL_FILES.map((file) => isFile(join(path, file))),
  );
  return found.includes(true);
}
