import { createHash } from "node:crypto";
import { basename } from "node:path";
import { bytesOf } from "../bytes.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowFile } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";

/** What a file of codes says of the dictionary that its codes are of: key `dbksvd` of the footer. */
export interface CodesDescription {
  toolVersion: string;
  width: number;
  /** Atoms that codes may use. */
  atoms: number;
  groups: readonly number[];
  /** How codes were found; absent where the file holds activations. */
  coder?: DictionaryModel["coder"];
  /** What is in the file: codes, which rebuild rows, or activations; absent in files of version 0.1.0: codes. */
  by?: AtomReading;
  /** How many activations of a row were kept, at most. */
  activations?: number;
  /** SHA-256 of the whole dictionary and mean, in hexadecimal. */
  dictionary: string;
  /** What wrote the file; absent in files of version 0.1.0. */
  command?: string;
  /** SHA-256 of the inputs' names, rows and sizes; absent in files of version 0.1.0. */
  inputs?: string;
  /** Whether rows were scaled to length 1 before they were coded; absent where not, and in files of version 0.1.0. */
  unitNorm?: true;
  /** SHA-256 of the inputs' names without their folders, rows and sizes; absent in files of version 0.1.0. */
  files?: string;
}

/** SHA-256 of files' names, rows and sizes, wherever the files lie: key `files` of a description. */
export function filesDigest(files: readonly RowFile[]): string {
  const list = files.map(({ path, rows, bytes }) => [
    basename(path.replace(/\?.*$/, "")),
    rows,
    bytes,
  ]);
  return createHash("sha256").update(JSON.stringify(list)).digest("hex");
}

/**
 * What to say where codes were made of other files than those that they are put beside: rows go by their numbers
 * alone. Undefined where they are the same, or that is not known.
 *
 * @param description of the codes
 * @param files the inputs
 */
export function otherFilesNotice(
  description: Partial<CodesDescription> | undefined,
  files: readonly RowFile[],
): string | undefined {
  const made = description?.files;
  if (made === undefined || made === filesDigest(files)) return undefined;
  const names = files.slice(0, 3).map(({ path }) => path).join(", ");
  return `The codes were made of files of other names, rows or sizes than ${names}: check that their rows are these`;
}

/**
 * Describes codes.
 *
 * @param model the whole model
 * @param coding the part of it that codes rows
 * @param activations how many of a row's are kept, where it is not codes
 */
export async function describeCodes(
  model: DictionaryModel,
  coding: DictionaryModel,
  activations?: number,
): Promise<CodesDescription> {
  return {
    toolVersion: TOOL_VERSION,
    width: coding.width,
    atoms: coding.atoms,
    groups: coding.groups,
    ...activations === undefined
      ? { by: "code", coder: coding.coder }
      : { by: "activation", activations },
    dictionary: await fingerprint(model),
  };
}

/** SHA-256 of a model's dictionary and mean, in hexadecimal. */
export async function fingerprint(
  model: Pick<DictionaryModel, "dictionary" | "mean">,
): Promise<string> {
  const digests = await Promise.all(
    [model.dictionary, model.mean].map((part) =>
      crypto.subtle.digest("SHA-256", bytesOf(part) as BufferSource)
    ),
  );
  const joined = new Uint8Array(64);
  digests.forEach((digest, i) => joined.set(new Uint8Array(digest), 32 * i));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined)).toHex();
}
