import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { bytesOf } from "../bytes.ts";
import type { TokenTexts } from "../files/tokenizer.ts";
import { DbksvdError } from "../errors.ts";
import type { InspectOptions } from "../inspection/options.ts";
import type { KeptLogits } from "../inspection/kept.ts";
import type { NormForm } from "../inspection/logits/unembedding.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { Session } from "./session.ts";

/** The flags that name an unembedding. */
export type UnembedFlags = {
  unembed?: string;
  foldNorm?: NormForm | true;
};

/** Adds the options that name an unembedding. */
export function addUnembedOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & UnembedFlags> {
  const option = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Logits:");
  return command
    .addOption(
      option(
        "--unembed <path>",
        "a language model's unembedding (safetensors, or a checkpoint's folder): tokens that atoms promote, suppress",
      ),
    )
    .addOption(
      option(
        "--fold-norm [form]",
        "fold the final norm's weights in; alone: as config.json beside it has it",
      ).choices(["weight", "1+weight"]),
    ) as unknown as Command<Arguments, Options & UnembedFlags>;
}

/** An unembedding that is asked for. */
export interface Unembedded {
  unembed: string;
  foldNorm?: NormForm | "auto" | undefined;
  tokens: TokenTexts;
}

/**
 * The unembedding that the flags name, with what its tokens are called: `--tokens`, or the tokenizer.json beside it.
 *
 * @throws {DbksvdError} `usage` where there is neither
 */
export async function requireUnembedding(
  { unembed, foldNorm }: UnembedFlags,
  tokens: TokenTexts | undefined,
): Promise<Unembedded | undefined> {
  if (unembed === undefined) {
    if (foldNorm === undefined) return undefined;
    throw new DbksvdError("usage", "--fold-norm belongs to an unembedding", {
      mend: "give --unembed with it",
    });
  }
  return {
    unembed,
    foldNorm: foldNorm === true ? "auto" : foldNorm,
    tokens: tokens ?? await tokensBeside(unembed),
  };
}

async function tokensBeside(unembed: string): Promise<TokenTexts> {
  const { isThere } = await import("../inspection/logits/checkpoint.ts");
  const folder = /\.(safetensors|json)$/.test(unembed)
    ? dirname(unembed)
    : unembed;
  const file = join(folder, "tokenizer.json");
  if (await isThere(file)) return await readTokens(file);
  throw new DbksvdError("usage", "The unembedding's tokens have no names", {
    where: { file: unembed },
    mend: "give --tokens tokenizer.json: there is none beside it",
  });
}

/** What ids of tokens stand for, by a tokenizer.json or a list. */
export async function readTokens(path: string): Promise<TokenTexts> {
  const [{ parseTokenizer }, { readTextFile }] = await Promise.all([
    import("../files/tokenizer.ts"),
    import("../files/text.ts"),
  ]);
  return parseTokenizer(await readTextFile(path), path);
}

/**
 * The logits that a look shows: those that are asked for, kept or new; else those of this dictionary that are kept.
 *
 * @param look what is looked at
 * @param session who follows it
 */
export async function logitsFor(
  { model, unembedding, options, kept }: {
    model: DictionaryModel;
    unembedding?: Unembedded;
    options: InspectOptions;
    kept?: { place: string };
  },
  session: Session,
): Promise<KeptLogits & { isNew: boolean } | undefined> {
  const [{ readKeptLogits }, { fingerprint }] = await Promise.all([
    import("../inspection/kept.ts"),
    import("../use/codes_metadata.ts"),
  ]);
  const dictionary = await fingerprint(model);
  const held = kept && readKeptLogits(kept.place);
  const known = held?.dictionary === dictionary ? held : undefined;
  if (unembedding === undefined) return known && { ...known, isNew: false };
  const { atomLogits } = await import("../inspection/logits/logits.ts");
  const from = await stampOf(unembedding, model.width);
  if (known?.from === from) return { ...known, isNew: false };
  const { threads, signal } = options;
  const logits = await atomLogits(model, {
    ...{ ...unembedding, threads, signal },
    onProgress: (done, total) =>
      session.progress.update({ phase: "logits", done, total, unit: "tokens" }),
  });
  return { dictionary, from, logits, isNew: true };
}

// The tensor as it lies there now, and what is folded into it.
async function stampOf(
  { unembed, foldNorm, tokens }: Unembedded,
  width: number,
): Promise<string> {
  const { openUnembedding } = await import(
    "../inspection/logits/unembedding.ts"
  );
  const { place, tensor, norm, factors } = await openUnembedding(
    unembed,
    width,
    foldNorm,
  );
  const { size, mtime } = await Deno.stat(place.file);
  const facts = { unembed, place, tensor, norm, size, mtime };
  const hash = createHash("sha256").update(JSON.stringify(facts))
    .update(tokens.digest);
  if (factors !== undefined) hash.update(bytesOf(factors));
  return hash.digest("hex");
}
