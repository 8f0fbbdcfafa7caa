import type { StopSignal } from "../../src/cli/failure.ts";
import type { Io } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import { assertAnswer } from "./documents.ts";

/** An Io that keeps what is written, with a clock and an environment of its own. */
export class FakeIo implements Io {
  stdout = "";
  stderr = "";
  clock = 0;
  terminal = false;
  color = false;
  width = 80;
  readonly #timers = new Set<
    { next: number; milliseconds: number; call: () => void }
  >();
  listeners: ((signal: StopSignal) => void)[] = [];

  constructor(readonly variables: Record<string, string> = {}) {}

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  columns(): number {
    return this.width;
  }

  env(name: string): string | undefined {
    return this.variables[name];
  }

  now(): number {
    return this.clock;
  }

  every(milliseconds: number, call: () => void): () => void {
    const timer = { next: this.clock + milliseconds, milliseconds, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves the clock on, calling back whoever asked to be called every so often. */
  wait(milliseconds: number): void {
    const end = this.clock + milliseconds;
    while (true) {
      const due = [...this.#timers].filter(({ next }) => next <= end)
        .sort((a, b) => a.next - b.next).at(0);
      if (due === undefined) break;
      this.clock = due.next;
      due.next += due.milliseconds;
      due.call();
    }
    this.clock = end;
  }

  onSignal(listener: (signal: StopSignal) => void): () => void {
    this.listeners.push(listener);
    return () =>
      this.listeners = this.listeners.filter((one) => one !== listener);
  }

  exit(code: number): never {
    throw new Error(`exit ${code}`);
  }
}

/** Runs the command line and returns what it wrote; a document that `--json` asks for is held to its schema. */
export async function runCli(
  args: string[],
  variables: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = new FakeIo(variables);
  const code = await run(args, io);
  if (args.includes("--json") && io.stdout !== "") {
    assertAnswer(args, code, io.stdout);
  }
  return { code, stdout: io.stdout, stderr: io.stderr };
}
