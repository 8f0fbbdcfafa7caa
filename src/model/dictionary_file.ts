import { MOST_REFINEMENTS } from "../thresholds.ts";
import { DbksvdError } from "../errors.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../options/train_options.ts";
import { validateChoice, validateSharing } from "../options/validate_coding.ts";
import { TOOL_VERSION } from "../version.ts";
import type { ModelCoder } from "../options/model_coder.ts";
import {
  choiceMetadata,
  choiceOf,
  DIALLED_VERSION,
  isDialled,
  listOf,
} from "./coder_metadata.ts";
import type { DictionaryModel } from "./model.ts";
import {
  float32Tensor,
  openSafetensors,
  type Safetensors,
  safetensorsParts,
  uint32Tensor,
} from "../files/safetensors.ts";

/** Version of the model directory's format. */
export const FORMAT_VERSION = 1;

/** How far from 1 an atom's length may be in a dictionary that is loaded. */
const LENGTH_TOLERANCE = 1e-3;

/** The bytes of `dictionary.safetensors`, in parts. */
export function dictionaryFileParts(model: DictionaryModel): Uint8Array[] {
  return safetensorsParts({
    dictionary: float32Tensor(model.dictionary, model.atoms, model.width),
    mean: float32Tensor(model.mean, model.width),
    scale: float32Tensor(Float32Array.of(model.scale), 1),
    usage: uint32Tensor(model.usage, model.atoms),
  }, {
    format_version: String(
      isDialled(model.coder) ? DIALLED_VERSION : FORMAT_VERSION,
    ),
    tool_version: model.toolVersion,
    coder: model.coder.method,
    k: String(model.coder.sparsity),
    nonnegative: String(model.coder.nonnegative),
    tolerance: String(model.coder.tolerance),
    refit: String(model.coder.refit),
    refine: String(model.coder.refine ?? 0),
    groups: JSON.stringify(model.groups),
    ...choiceMetadata(model.coder),
    seed: String(model.seed),
    ...model.normLimit === undefined
      ? {}
      : { norm_limit: String(model.normLimit) },
  });
}

/**
 * Reads and validates a dictionary in safetensors: tensor `dictionary`, and where they are there `mean`, `scale`,
 * `usage` and the metadata of a model directory. A bare dictionary gets zero mean, scale 1 and the default coder.
 *
 * @param path a local file
 * @throws {DbksvdError} `data`
 */
export async function readDictionaryFile(
  path: string,
): Promise<DictionaryModel> {
  const file = await openSafetensors(path);
  const shape = file.header.tensors.get("dictionary")?.shape;
  const dictionary = await file.float32("dictionary", [undefined, undefined]);
  const [atoms, width] = shape!;
  if (atoms === 0 || width === 0) {
    throw invalid(path, "the dictionary is empty");
  }
  const model: DictionaryModel = {
    width,
    atoms,
    dictionary,
    mean: await optional(file, "mean", [width]) ?? new Float32Array(width),
    scale: (await optional(file, "scale", [1]))?.[0] ?? 1,
    usage: await usageOf(file, atoms, path),
    ...settings(file.header.metadata, atoms, width, path),
  };
  checkNumbers(model, path);
  return model;
}

async function optional(file: Safetensors, name: string, shape: number[]) {
  return file.header.tensors.has(name)
    ? await file.float32(name, shape)
    : undefined;
}

async function usageOf(
  file: Safetensors,
  atoms: number,
  path: string,
): Promise<Uint32Array> {
  const entry = file.header.tensors.get("usage");
  if (entry === undefined) return new Uint32Array(atoms);
  if (entry.dtype !== "U32" || entry.end - entry.start !== 4 * atoms) {
    throw invalid(path, `its usage is not ${atoms} counts of type U32`);
  }
  return new Uint32Array((await file.bytes("usage")).buffer);
}

function settings(
  metadata: Record<string, string>,
  atoms: number,
  width: number,
  path: string,
) {
  const version = metadata.format_version;
  const known = [FORMAT_VERSION, DIALLED_VERSION];
  if (version !== undefined && !known.includes(Number(version))) {
    throw new DbksvdError("data", `The model has format version ${version}`, {
      where: { file: path },
      mend: `this version of dbksvd reads formats ${
        known.join(" and ")
      }; update it`,
    });
  }
  const method = metadata.coder ?? DEFAULT_TRAIN_OPTIONS.coder;
  if (method !== "omp" && method !== "mp") {
    throw invalid(path, `the coder "${method}" is not known`);
  }
  const sparsity = numberOf(
    metadata.k,
    Math.min(DEFAULT_TRAIN_OPTIONS.sparsity, atoms, width),
  );
  const groups = groupsOf(metadata.groups, atoms, path);
  const valid = Number.isInteger(sparsity) && sparsity >= groups.length &&
    sparsity <= atoms;
  if (!valid) throw invalid(path, `the sparsity "${metadata.k}" is not valid`);
  const tolerance = numberOf(metadata.tolerance, 0);
  if (!(tolerance >= 0)) {
    throw invalid(path, `the tolerance "${metadata.tolerance}" is not valid`);
  }
  const refine = numberOf(metadata.refine, 0);
  if (
    !(Number.isInteger(refine) && refine >= 0 && refine <= MOST_REFINEMENTS)
  ) {
    throw invalid(path, `the swap passes "${metadata.refine}" are not valid`);
  }
  const coder: ModelCoder = {
    method,
    sparsity,
    nonnegative: metadata.nonnegative === "true",
    tolerance,
    refit: metadata.refit === "true",
    refine,
    ...choiceOf(metadata, groups, (why) => invalid(path, why)),
  };
  checkChoice(coder, groups, path);
  const normLimit = metadata.norm_limit === undefined
    ? undefined
    : Number(metadata.norm_limit);
  if (normLimit !== undefined && !(normLimit > 0)) {
    throw invalid(path, `the norm limit "${metadata.norm_limit}" is not valid`);
  }
  return {
    groups,
    ...normLimit === undefined ? {} : { normLimit },
    coder,
    seed: numberOf(metadata.seed, 0),
    toolVersion: metadata.tool_version ?? TOOL_VERSION,
  };
}

function checkChoice(
  coder: ModelCoder,
  groups: readonly number[],
  path: string,
): void {
  try {
    validateChoice(coder, groups.length);
    validateSharing(coder);
  } catch (error) {
    if (!(error instanceof DbksvdError)) throw error;
    throw invalid(path, `its coder does not go together: ${error.what}`);
  }
}

function groupsOf(
  text: string | undefined,
  atoms: number,
  path: string,
): number[] {
  if (text === undefined) return [atoms];
  const groups = listOf(text);
  const sum = groups?.reduce((all, size) => all + size, 0);
  if (groups !== undefined && sum === atoms) return groups;
  throw invalid(path, `the groups do not add up to its ${atoms} atoms`);
}

function checkNumbers(model: DictionaryModel, path: string) {
  if (!(model.scale > 0 && Number.isFinite(model.scale))) {
    throw invalid(path, `the scale ${model.scale} is not positive`);
  }
  if (!model.mean.every(Number.isFinite)) {
    throw invalid(path, "the mean is not finite");
  }
  const { atoms, width, dictionary } = model;
  for (let atom = 0; atom < atoms; atom++) {
    let square = 0;
    for (let d = atom * width; d < (atom + 1) * width; d++) {
      square += dictionary[d] * dictionary[d];
    }
    if (!(Math.abs(Math.sqrt(square) - 1) <= LENGTH_TOLERANCE)) {
      throw new DbksvdError("data", "An atom is not of unit length", {
        where: { file: path, atom },
        mend: "normalise the dictionary's rows before saving it",
      });
    }
  }
}

function numberOf(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : Number(text);
}

function invalid(path: string, why: string): DbksvdError {
  return new DbksvdError("data", `Not a valid dictionary, ${why}`, {
    where: { file: path },
    mend: "train again, or restore the file",
  });
}
