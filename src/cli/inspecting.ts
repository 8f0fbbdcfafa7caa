import { basename } from "node:path";
import type { TokenTexts } from "../files/tokenizer.ts";
import type { Inspection } from "../inspection/inspect.ts";
import type { InspectOptions } from "../inspection/options.ts";
import type { TextHints } from "../inspection/text_column.ts";
import type { AtomReading } from "../model/atom_reading.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { type DeviceOption, engineChoice } from "./device_option.ts";
import type { RowOptions } from "./inputs.ts";
import {
  type PictureFlags,
  pictureOptions,
  picturesInWords,
} from "./pictures.ts";
import { followed, type Session } from "./session.ts";
import {
  logitsFor,
  readTokens,
  requireUnembedding,
  type Unembedded,
  type UnembedFlags,
} from "./token_logits.ts";

/** What says how a model is looked at. */
export interface LookOptions extends UnembedFlags, PictureFlags {
  by?: AtomReading;
  text?: string;
  tokens?: string;
  codes?: string;
  top: number;
  nearest: number;
  keep: boolean;
}

/** Rows whose texts and codes are looked at, and how. */
export interface Look {
  model: DictionaryModel;
  source: RowSource;
  options: InspectOptions;
  /** The classes that atoms tell, as the last probe found them. */
  classes: Inspection["table"]["classes"];
  /** Whose logits are asked for; absent: those that are kept. */
  unembedding?: Unembedded;
  /** Where the inspection is kept, and under which key; absent where it is not. */
  kept?: { place: string; key: string };
}

/**
 * Makes ready to look at a model: finds the text column where none is named, and where an inspection would be kept.
 *
 * @param directory the model's
 * @param model what is looked at
 * @param source its rows
 * @param flags what was asked for
 * @param session who follows it
 */
export async function prepareLook(
  directory: string,
  model: DictionaryModel,
  source: RowSource,
  flags: LookOptions & RowOptions & DeviceOption,
  session: Session,
): Promise<Look> {
  const tokens = flags.tokens === undefined
    ? undefined
    : await readTokens(flags.tokens);
  const unembedding = await requireUnembedding(flags, tokens);
  const options: InspectOptions = {
    ...followed(session),
    name: basename(directory),
    ...engineChoice(flags),
    ...await textOptions(source, session, flags, tokens ?? unembedding?.tokens),
    ...pictureOptions(flags),
    topRows: flags.top,
    nearest: flags.nearest,
    by: flags.by,
    codes: flags.codes,
  };
  const { classesByAtom, keptProbe } = await import("../report/kept_probe.ts");
  const classes = classesByAtom(await keptProbe(directory));
  const look = {
    ...{ model, source, options, classes },
    ...unembedding && { unembedding },
  };
  if (!flags.keep) return look;
  const { keptPlace, keyOf } = await import("../inspection/kept.ts");
  const place = await keptPlace(directory, cacheFolder(session));
  const codes = await stampOf(flags.codes);
  const key = await keyOf(model, source, options, codes);
  if (place === undefined || key === undefined) return look;
  return { ...look, kept: { place, key } };
}

// Where texts are, and what ids in them stand for: nothing follows from that where there are no ids.
async function textOptions(
  source: RowSource,
  session: Session,
  flags: LookOptions,
  tokens: TokenTexts | undefined,
): Promise<Pick<InspectOptions, "text" | "tokens">> {
  const { isIdColumn } = await import("../inspection/text_column.ts");
  const hints = { image: flags.image, ids: tokens !== undefined };
  const text = flags.text ?? await foundText(source, session, hints);
  const holdsIds = text !== undefined && await isIdColumn(source, text);
  return { text, tokens: holdsIds ? tokens : undefined };
}

/** The inspection that is kept, or a new one, which is kept then. */
export async function looked(
  look: Look,
  session: Session,
): Promise<Inspection> {
  const inspection = await keptOrNew(look, session);
  const { pictures } = inspection;
  if (pictures !== undefined) {
    const whole = Object.keys(pictures.broken).length === 0;
    session.say(whole ? "info" : "warn", picturesInWords(pictures));
  }
  const { classes } = look;
  const table = { ...inspection.table, ...(classes && { classes }) };
  return { ...inspection, table };
}

async function keptOrNew(look: Look, session: Session): Promise<Inspection> {
  const { model, source, options, kept } = look;
  const store = await import("../inspection/kept.ts");
  const known = kept && await store.readKept(kept.place, kept.key, model);
  const { inspect } = await import("../inspection/inspect.ts");
  const found = known ?? await inspect(model, source, options);
  const logits = await logitsFor(look, session);
  const inspection = { ...found, logits: logits?.logits };
  if (kept !== undefined && (known === undefined || logits?.isNew)) {
    try {
      await store.keep(kept.place, kept.key, inspection, logits);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      session.say("warn", `The inspection is not kept (${reason})`);
    }
  }
  return inspection;
}

/** The folder of the user's caches, if there is one. */
export function cacheFolder({ io }: Session): string | undefined {
  const home = io.env("HOME");
  return io.env("XDG_CACHE_HOME") ??
    (home === undefined ? undefined : `${home}/.cache`);
}

/** The column with a text for every row, where it is clear which; says so where it is not. */
export async function foundText(
  source: RowSource,
  session: Session,
  hints: TextHints = {},
): Promise<string | undefined> {
  const { findTextColumn } = await import("../inspection/text_column.ts");
  const { chosen, all } = await findTextColumn(source, hints);
  if (chosen === undefined && all.length > 1) {
    session.say(
      "info",
      `Several columns hold text (${
        all.join(", ")
      }): name one with --text to see it`,
    );
  }
  return chosen;
}

async function stampOf(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  const { size, mtime } = await Deno.stat(path);
  return { path, size, mtime };
}
