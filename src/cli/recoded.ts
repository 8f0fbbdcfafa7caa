import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { DbksvdError } from "../errors.ts";
import type { BatchOptions, RowSource } from "../rows/source.ts";
import type { CoderChanges } from "../use/coder_changes.ts";
import type { AnyModel } from "../use/models.ts";
import { coderChanges } from "./coder_options.ts";

/** Options of commands that take autoencoders of other tools beside dictionaries. */
export type RecodeFlags = CoderChanges & { recode?: true };

/** Adds `--recode`. */
export function addRecodeOption<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & RecodeFlags> {
  command.addOption(
    new Option(
      "--recode",
      "of other tools' autoencoders: code their decoders by pursuit, too",
    ).helpGroup("Codes, in place of the model's own:"),
  );
  return command as unknown as Command<Arguments, Options & RecodeFlags>;
}

/** A model by the name it is shown under. */
export interface NamedModel {
  name: string;
  model: AnyModel;
}

/**
 * Models as the command line wants them: with its changes of how they code; with `--recode` each autoencoder of
 * another tool twice, by its own encoder and re-coded, the changes then being of the re-coded one.
 *
 * @param models as they were loaded
 * @param flags the options
 * @param source the rows that they are for
 * @param rows which of them
 * @throws {DbksvdError} `usage` where there is nothing to re-code, or changes do not fit a model
 */
export async function asCoded(
  models: readonly NamedModel[],
  flags: RecodeFlags,
  source: RowSource,
  rows?: Pick<BatchOptions, "only">,
): Promise<NamedModel[]> {
  const [{ recodeAsEncoded }, { withCoder }] = await Promise.all([
    import("../use/recode.ts"),
    import("../use/coder_changes.ts"),
  ]);
  const changes = coderChanges(flags), coded: NamedModel[] = [];
  for (const { name, model } of models) {
    if (!flags.recode || !("format" in model)) {
      coded.push({ name, model: withCoder(model, changes) });
      continue;
    }
    const recoded = await recodeAsEncoded(model, source, rows);
    coded.push({ name, model });
    coded.push({
      name: `${name}, re-coded`,
      model: withCoder(recoded, changes),
    });
  }
  if (flags.recode && coded.length === models.length) {
    throw new DbksvdError("usage", "There is no autoencoder to re-code", {
      mend: "leave out --recode: dictionaries are coded by pursuit anyway",
    });
  }
  return coded;
}
