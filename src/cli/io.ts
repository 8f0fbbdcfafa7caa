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
  /** Calls back on SIGINT and SIGTERM until the returned function is called. */
  onSignal(heard: (signal: "SIGINT" | "SIGTERM") => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The process's own streams, environment and signals. */
export function processIo(): Io {
  return {
    out: (text) => write(Deno.stdout, text),
    err: (text) => write(Deno.stderr, text),
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
    onSignal(heard) {
      const listeners = SIGNALS.map((signal) => {
        const listener = () => heard(signal);
        Deno.addSignalListener(signal, listener);
        return () => Deno.removeSignalListener(signal, listener);
      });
      return () => listeners.forEach((remove) => remove());
    },
    exit: (code) => Deno.exit(code),
  };
}

function write(stream: { writeSync(data: Uint8Array): number }, text: string) {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // The reader, such as `head`, has seen enough.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
