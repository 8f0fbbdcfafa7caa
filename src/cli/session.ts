import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { RunOptions } from "../coding/coder.ts";
import {
  ExitWith,
  failureOf,
  STOPPED,
  Stopped,
  type StopSignal,
} from "./failure.ts";
import type { Io } from "./io.ts";
import { isJsonObject } from "../json.ts";
import { unusedText } from "../rows/not_read.ts";
import type { RowSource } from "../rows/source.ts";
import { visible } from "./visible.ts";
import { createProgress, type Progress } from "./progress.ts";

/** How much is said on standard error. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** The options that every command has. */
export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  logLevel: typeof LOG_LEVELS[number];
  config?: string;
}

/** The values of the options that every command has. */
export function commonOptions(command: CommandUnknownOpts): CommonOptions {
  return command.opts() as unknown as CommonOptions;
}

/** A signal's echo: a terminal signals `deno task` and the tool alike, and the task passes its own on. */
const ECHO_MS = 500;

/** Notices remembered so as not to be repeated: a long run has many of its own. */
const MOST_REMEMBERED = 100;

/** What a command has at hand while it runs. */
export interface Session {
  readonly io: Io;
  readonly json: boolean;
  /** Fires when the user asks to stop. */
  readonly signal: AbortSignal;
  /** Prints the command's one result: the document with `--json`, else the text. */
  print(document: unknown, text: () => string): void;
  /**
   * Takes note of rows that are read: what is not used of them is said with the result. Where several processes read
   * them, what all of them dropped is given in the end.
   */
  reads(source: RowSource, dropped?: RowSource["dropped"]): void;
  /** Takes note of what is safe, for whoever stops the command. */
  saves(what: string): void;
  /** A word on standard error, where the log level lets it through. */
  say(level: typeof LOG_LEVELS[number], text: string): void;
  /** Shows how far the job is. */
  progress: Progress;
}

/** Options by which the session follows a use of a dictionary, its rows as progress. */
export function followed(session: Session): RunOptions {
  return {
    signal: session.signal,
    onNotice: (notice) => session.say("info", notice),
    onProgress: ({ rows, total, phase }) =>
      session.progress.update({
        ...phase && { phase },
        ...{ done: rows, total, unit: "rows" },
      }),
  };
}

/**
 * Runs a command's work with its session; signals stop it, the second one at once.
 *
 * @param io the streams and signals
 * @param command whose options say what is shown
 * @param work the work
 * @param heedsSignals false where nothing is to be saved and a GPU that hangs may block the thread that would take
 * them: the system ends the process then, whatever it is doing
 */
export async function conduct(
  io: Io,
  command: CommandUnknownOpts,
  work: (session: Session) => Promise<void>,
  { heedsSignals = true } = {},
): Promise<void> {
  const { json = false, quiet = false, logLevel } = commonOptions(command);
  const level = quiet ? "error" : logLevel;
  const progress = createProgress(
    io,
    command.name(),
    LOG_LEVELS.indexOf(level) > 1,
  );
  const controller = new AbortController();
  let stopped: StopSignal | undefined;
  let saved: string | undefined;
  let signalledAt = 0;
  let answered = false;
  const said = new Set<string>();
  const sources = new Map<RowSource, RowSource["dropped"] | undefined>();
  const unused = () =>
    Array.from(sources, ([{ dropped, notRead }, ofAll]): NotUsed => ({
      ...{ dropped: ofAll ?? dropped, notRead },
    }));
  const stopListening = heedsSignals ? io.onSignal(onSignal) : () => {};
  function onSignal(signal: StopSignal): void {
    if (stopped !== undefined) {
      if (io.now() - signalledAt < ECHO_MS) return;
      io.exit(STOPPED[signal]);
    }
    stopped = signal;
    signalledAt = io.now();
    progress.line("Stopping after this step; once more to stop at once");
    controller.abort(new Stopped(signal));
  }
  try {
    await work({
      io,
      json,
      signal: controller.signal,
      progress,
      saves: (what) => saved = what,
      reads: (source, dropped) => void sources.set(source, dropped),
      print: (document, text) => {
        progress.finish();
        answered = true;
        io.out(
          json ? `${toJson(withUnused(document, unused()))}\n` : `${
            visible(
              [text(), ...unused().map(unusedOf)].filter(Boolean).join("\n"),
            )
          }\n`,
        );
      },
      say: (at, text) => {
        // Each engine that is made tells of the device; once is enough.
        if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(level)) return;
        if (said.has(text)) return;
        if (said.size === MOST_REMEMBERED) said.clear();
        said.add(text);
        progress.line(visible(text));
      },
    });
    if (stopped !== undefined) throw new Stopped(stopped, "the work was done");
  } catch (error) {
    // The work throws the signal's reason, or an error that has nothing to do with it.
    const isStop = stopped !== undefined &&
      (error === controller.signal.reason || isAbort(error));
    const thrown = isStop
      ? new Stopped(stopped!, saved ?? nothingSaved(command.name()))
      : error;
    throw json && answered ? afterAnswer(thrown) : thrown;
  } finally {
    stopListening();
    progress.finish();
  }
}

// One document is all that `--json` prints: what ends a command after it is said on standard error.
function afterAnswer(error: unknown): ExitWith {
  if (error instanceof ExitWith) return error;
  const { code, message } = failureOf(error);
  return new ExitWith(code, message);
}

// Why a command that was stopped has saved nothing.
function nothingSaved(command: string): string {
  const why: Record<string, string> = {
    train: "no iteration had ended yet",
    sweep: "no iteration had ended yet",
    run: "the next run takes the same files again",
    label: "no name was found yet",
    schedule: "the next run takes the same files again",
  };
  return `nothing was saved, ${
    why[command] ?? "an output is written whole or not at all"
  }`;
}

/** What is not used of a source. */
type NotUsed = Pick<RowSource, "dropped" | "notRead">;

function unusedOf({ dropped, notRead }: NotUsed): string {
  return unusedText(dropped, notRead);
}

// What is not used of the inputs stands at the top of a document, where there is such.
function withUnused(document: unknown, sources: readonly NotUsed[]): unknown {
  if (!isJsonObject(document)) return document;
  const dropped: Record<string, number> = {};
  for (const source of sources) {
    for (const [reason, count] of Object.entries(source.dropped)) {
      if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
    }
  }
  const notRead = sources.flatMap((source) => source.notRead ?? []);
  return {
    ...document,
    ...Object.keys(dropped).length > 0 ? { dropped } : {},
    ...notRead.length > 0 ? { notRead } : {},
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** JSON with typed arrays as lists. */
function toJson(document: unknown): string {
  return JSON.stringify(
    document,
    (_key, value) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value,
  );
}
