import { engineCoder, type RunOptions } from "../coding/coder.ts";
import { codeRows } from "../coding/rows.ts";
import { EMPTY_SLOT } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic.ts";
import {
  float32Tensor,
  openSafetensors,
  safetensorsParts,
} from "../files/safetensors.ts";
import { labelOfSign } from "../labels/label.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { claimOutput, originOf, type OutputOrigin } from "./output_claim.ts";

/** One atom of a steering vector: a sign of its codes, and how much of it. */
export interface SteeredAtom {
  atom: number;
  sign: "+" | "-";
  /** How many times its usual strong activation; 1 by default. */
  weight: number;
}

/** How a steering vector is made. */
export interface SteerOptions extends RunOptions {
  /** The safetensors file to write. */
  out: string;
  /** The atoms. */
  atoms: readonly SteeredAtom[];
  /** An atom's strength: this quantile of the activations of the rows that use it with its sign. 0.99. */
  quantile?: number | undefined;
  /** Replace whatever lies at `out`. */
  overwrite?: boolean | undefined;
}

/** What a steering vector is made of. */
export interface SteerResult {
  out: string;
  /** n: values of the vector. */
  width: number;
  /** ‖vector‖, in raw units. */
  length: number;
  atoms: (SteeredAtom & {
    label?: string;
    /** |coefficient| that the quantile gave, in raw units. */
    activation: number;
    /** Rows that use the atom with this sign. */
    uses: number;
  })[];
}

/**
 * Reads a list of atoms: `17+,40-:0.5` is atom 17's positive side and half of atom 40's negative one; a bare number is
 * the positive side.
 *
 * @param text the list
 * @throws {DbksvdError} `usage` where it is none
 */
export function parseSteeredAtoms(text: string): SteeredAtom[] {
  return text.split(",").map((part) => {
    const found = /^\s*(\d+)([+-]?)(?::(\d+(?:\.\d+)?))?\s*$/.exec(part);
    if (found === null) {
      throw new DbksvdError("usage", `"${part}" is no atom with a sign`, {
        mend:
          "write 17+ or 17-, several with commas, a weight behind a colon: 17+,40-:0.5",
      });
    }
    const [, atom, sign, weight = "1"] = found;
    return {
      atom: Number(atom),
      sign: sign === "-" ? "-" : "+",
      weight: Number(weight),
    };
  });
}

/**
 * Makes a vector that steers a model's activations towards atoms: the sum of the atoms' directions, each as long as a
 * strong activation of its own (a quantile over the rows that use it), in raw units, ready to be added to the
 * activations that the rows are.
 *
 * @param model the dictionary
 * @param source rows that tell how strong activations are
 * @param options the atoms, the quantile, the output
 * @returns what the vector is made of
 * @throws {DbksvdError} `usage` where there is no such atom, or no row uses it with that sign
 */
export async function steer(
  model: DictionaryModel,
  source: RowSource,
  options: SteerOptions,
): Promise<SteerResult> {
  const { atoms, out, quantile = 0.99 } = options;
  for (const { atom } of atoms) requireAtom(model, atom);
  if (!(quantile >= 0 && quantile <= 1)) {
    throw new DbksvdError("usage", `The quantile is ${quantile}`, {
      mend: "give a number from 0 to 1",
    });
  }
  const towards = atoms.map(({ atom, sign, weight }) =>
    `${atom}${sign}:${weight}`
  );
  const variant = `towards ${towards.join(",")} by quantile ${quantile}`;
  const origin = await originOf("steer", model, source, variant);
  const claim = await claimOutput(out, origin, {
    overwrite: options.overwrite,
    onNotice: options.onNotice,
    read: steeringOrigin,
  });
  try {
    const activations = await activationsOf(model, source, options);
    const vector = new Float64Array(model.width);
    const steered = atoms.map((one, i) => {
      const sorted = activations[i].sort();
      if (sorted.length === 0) throw unused(one);
      const place = Math.min(
        sorted.length - 1,
        Math.floor(quantile * sorted.length),
      );
      const activation = sorted[place];
      addAtom(model, one, activation, vector);
      const entry = model.labels?.[one.atom];
      const label = entry === undefined
        ? undefined
        : labelOfSign(entry, one.sign)?.label;
      return { ...one, ...label && { label }, activation, uses: sorted.length };
    });
    await writeFileAtomically(
      claim.path,
      safetensorsParts(
        { steering: float32Tensor(Float32Array.from(vector), model.width) },
        {
          dbksvd: JSON.stringify(origin),
          tool_version: TOOL_VERSION,
          atoms: JSON.stringify(steered),
          quantile: String(quantile),
        },
      ),
    );
    const length = Math.sqrt(
      vector.reduce((sum, value) => sum + value * value, 0),
    );
    return { out, width: model.width, length, atoms: steered };
  } finally {
    await claim.release();
  }
}

function addAtom(
  { width, dictionary }: DictionaryModel,
  { atom, sign, weight }: SteeredAtom,
  activation: number,
  vector: Float64Array,
): void {
  const factor = (sign === "+" ? 1 : -1) * weight * activation;
  for (let d = 0; d < width; d++) {
    vector[d] += factor * dictionary[atom * width + d];
  }
}

// |codes| of the chosen signs, of every row.
async function activationsOf(
  model: DictionaryModel,
  source: RowSource,
  options: SteerOptions,
): Promise<Float32Array[]> {
  const found = options.atoms.map((): number[] => []);
  const coder = await engineCoder(model, options);
  try {
    for await (const { codes: [codes] } of codeRows(source, [coder], options)) {
      for (let slot = 0; slot < codes.indices.length; slot++) {
        const atom = codes.indices[slot];
        const value = codes.values[slot];
        if (atom === EMPTY_SLOT || value === 0) continue;
        options.atoms.forEach((one, i) => {
          if (one.atom === atom && (one.sign === "+") === (value > 0)) {
            found[i].push(Math.abs(value));
          }
        });
      }
    }
  } finally {
    await coder.close();
  }
  return found.map((values) => Float32Array.from(values));
}

function requireAtom({ atoms }: DictionaryModel, atom: number): void {
  if (atom < atoms) return;
  throw new DbksvdError("usage", `There is no atom ${atom}`, {
    mend: `atoms are 0 to ${atoms - 1}`,
  });
}

function unused({ atom, sign }: SteeredAtom): DbksvdError {
  const words = sign === "+" ? "positive" : "negative";
  return new DbksvdError(
    "usage",
    `No row uses atom ${atom} with a ${words} value`,
    { mend: "take its other sign, or give rows that use it" },
  );
}

async function steeringOrigin(
  path: string,
): Promise<Partial<OutputOrigin> | undefined> {
  try {
    const { header: { metadata } } = await openSafetensors(path);
    return JSON.parse(metadata.dbksvd);
  } catch {
    return undefined;
  }
}
