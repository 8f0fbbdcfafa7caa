import { basename } from "node:path";
import type { TokenTexts } from "../files/tokenizer.ts";
import type { Inspection } from "../inspection/inspect.ts";
import type { InspectOptions } from "../inspection/options.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { type DeviceOption, engineChoice } from "./device_option.ts";
import { readingOf, type RowOptions } from "./inputs.ts";
import { followed, type Session } from "./session.ts";

/** What says how a model is looked at. */
export interface LookOptions {
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
  const options: InspectOptions = {
    ...followed(session),
    name: basename(directory),
    ...engineChoice(flags),
    text: flags.text ?? await foundText(source, session),
    tokens: await tokensIn(flags.tokens),
    topRows: flags.top,
    nearest: flags.nearest,
    codes: flags.codes,
  };
  const { classesByAtom, keptProbe } = await import("../report/kept_probe.ts");
  const classes = classesByAtom(await keptProbe(directory));
  const look = { model, source, options, classes };
  if (!flags.keep) return look;
  const { keptPlace, keyOf } = await import("../inspection/kept.ts");
  const place = await keptPlace(directory, cacheFolder(session));
  const reading = { ...readingOf(flags), codes: await stampOf(flags.codes) };
  const key = await keyOf(model, source, options, reading);
  if (place === undefined || key === undefined) return look;
  return { ...look, kept: { place, key } };
}

/** The inspection that is kept, or a new one, which is kept then. */
export async function looked(
  look: Look,
  session: Session,
): Promise<Inspection> {
  const inspection = await keptOrNew(look, session);
  const { classes } = look;
  const table = { ...inspection.table, ...(classes && { classes }) };
  return { ...inspection, table };
}

async function keptOrNew(
  { model, source, options, kept }: Look,
  session: Session,
): Promise<Inspection> {
  const store = await import("../inspection/kept.ts");
  if (kept !== undefined) {
    const known = store.readKept(kept.place, kept.key, model);
    if (known !== undefined) return known;
  }
  const { inspect } = await import("../inspection/inspect.ts");
  const inspection = await inspect(model, source, options);
  if (kept !== undefined) {
    try {
      await store.keep(kept.place, kept.key, inspection);
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

async function foundText(
  source: RowSource,
  session: Session,
): Promise<string | undefined> {
  const { findTextColumn } = await import("../inspection/text_column.ts");
  const { chosen, all } = await findTextColumn(source);
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

async function tokensIn(
  path: string | undefined,
): Promise<TokenTexts | undefined> {
  if (path === undefined) return undefined;
  const [{ parseTokenizer }, { readTextFile }] = await Promise.all([
    import("../files/tokenizer.ts"),
    import("../files/text.ts"),
  ]);
  return parseTokenizer(await readTextFile(path), path);
}

async function stampOf(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  const { size, mtime } = await Deno.stat(path);
  return { path, size, mtime };
}
