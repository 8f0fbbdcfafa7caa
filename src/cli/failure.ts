import { CommanderError } from "@commander-js/extra-typings";
import { DbksvdError } from "../errors.ts";

/** A failure as the command line reports it. */
export interface Failure {
  /** The process's exit code. */
  code: number;
  /** One line: what, where, what to do. */
  message: string;
  /** What `--json` prints. */
  document: { error: { kind: string; message: string; where?: unknown } };
}

/** The exit code of a command that a signal stopped. */
export const STOPPED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks a command to stop. */
export type StopSignal = keyof typeof STOPPED;

/** Stopped by a signal, after whatever could be saved was saved. */
export class Stopped extends Error {
  constructor(readonly signal: StopSignal, saved?: string) {
    super(`Stopped by ${signal}${saved === undefined ? "" : `: ${saved}`}`);
  }
}

/** The command did what it could and said so; what is left is the exit code, and a word on standard error. */
export class ExitWith extends Error {
  constructor(readonly code: number, readonly word?: string) {
    super(`Exit ${code}`);
  }
}

/** Sorts anything thrown into an exit code and a line. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DbksvdError) {
    return failure(error.exitCode, error.kind, error.message, error.where);
  }
  if (error instanceof CommanderError) {
    return failure(2, "usage", usageMessage(error));
  }
  if (error instanceof Stopped) {
    return failure(STOPPED[error.signal], "stopped", error.message);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return failure(1, "run", `${oneLine(error.message)} of dbksvd's deno run`);
  }
  const message = error instanceof Error ? error.message : String(error);
  const mend = mendOf(error);
  return failure(
    1,
    "run",
    `${oneLine(message) || "Something went wrong"}${mend ? `: ${mend}` : ""}`,
  );
}

/** What to do where the system refuses: its own words tell what and where. */
const MENDS: Record<string, string> = {
  EACCES: "check its permissions",
  EPERM: "check its permissions",
  EROFS: "the disk is read-only; name another place",
  ENOSPC: "free some disk space and run again",
  EDQUOT: "free some of the disk quota and run again",
  EISDIR: "a directory is where a file should be; move it away",
  ENOTDIR: "a file is where a directory should be; move it away",
  EIO: "the disk or the mount fails; see the system's log",
  EMFILE: "allow more open files: ulimit -n 1024",
  ENFILE: "close other programs, which hold too many files open",
};

function mendOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? MENDS[code] : undefined;
}

function failure(
  code: number,
  kind: string,
  message: string,
  where?: unknown,
): Failure {
  return { code, message, document: { error: { kind, message, where } } };
}

// Commander begins with "error: " and puts its suggestion on a line of its own; a group without a command is only
// help to it.
function usageMessage({ code, message }: CommanderError): string {
  if (code === "commander.help") return "A command is missing";
  const text = oneLine(message).replace(/^error: /, "").replace(/\.$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ").trim();
}
