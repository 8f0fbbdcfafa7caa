import { fstatSync } from "node:fs";
import type { StopSignal } from "./failure.ts";

/** What the command line touches of the world: two streams, the environment, signals. Tests bring their own. */
export interface Io {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Whether standard error is a terminal, for progress bars. */
  readonly terminal: boolean;
  /** Whether standard output takes colours. */
  readonly color: boolean;
  /** Columns of the terminal. */
  columns(): number;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Calls back every so many milliseconds, until the returned function is called; keeps no program alive. */
  every(milliseconds: number, call: () => void): () => void;
  /** Calls back on SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  onSignal(take: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

const SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** The process's own streams, environment and signals. */
export function processIo(): Io {
  return {
    out(text) {
      try {
        write(Deno.stdout, text);
      } catch (error) {
        // The reader, such as `head`, has seen enough.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        throw error;
      }
    },
    err(text) {
      try {
        write(Deno.stderr, text);
      } catch {
        // The terminal has gone: what is at work goes on, and is saved.
      }
    },
    terminal: Deno.stderr.isTerminal(),
    color: Deno.stdout.isTerminal() && !Deno.noColor,
    columns: terminalColumns,
    env: (name) => Deno.env.get(name),
    now: () => performance.now(),
    every(milliseconds, call) {
      const timer = setInterval(call, milliseconds);
      Deno.unrefTimer(timer);
      return () => clearInterval(timer);
    },
    onSignal(take) {
      const signals: readonly StopSignal[] = isUnderNohup()
        ? SIGNALS
        : [...SIGNALS, "SIGHUP"];
      const listeners = signals.map((signal) => {
        const listener = () => take(signal);
        Deno.addSignalListener(signal, listener);
        return () => Deno.removeSignalListener(signal, listener);
      });
      return () => listeners.forEach((remove) => remove());
    },
    exit: (code) => Deno.exit(code),
  };
}

// nohup has SIGHUP ignored, which a listener would undo. Whether it is cannot be asked, but nohup leaves its marks:
// standard input is no terminal, and standard output is a file.
function isUnderNohup(): boolean {
  if (Deno.stdin.isTerminal()) return false;
  try {
    return fstatSync(1).isFile();
  } catch {
    return false;
  }
}

function write(stream: { writeSync(data: Uint8Array): number }, text: string) {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
