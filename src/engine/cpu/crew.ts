// Threads over one shared memory. A phase is a number of tasks; whichever thread is free takes the next one, and what
// a task makes depends on its number alone: the same bytes on any number of threads, and on any that come late.
//
// Tasks of all phases are numbered in one row. `next` is the first that nobody has taken, `end` the first of the next
// phase. A task can only be taken while its phase lasts, for the phase ends when its tasks are done: so whoever took
// one may read what the phase is about.

/** Words of the head, each on its own cache line. */
const WORD = {
  next: 0,
  end: 16,
  done: 32,
  phase: 48,
  first: 49,
  stop: 50,
  failed: 51,
};

/** Where a thread leaves the message of its failure: its length, then its bytes. */
const MESSAGE = 52;
const MESSAGE_BYTES = 512;

/** The start of the memory, which belongs to the crew. */
export const HEAD_BYTES = 4 * (MESSAGE + 1) + MESSAGE_BYTES;

/** Looks before a thread goes to sleep: phases of an update follow each other within microseconds. */
const SPINS = 3000;

/** Work under this many floating-point operations is done sooner than another thread has woken. */
const LEAST_WORK = 1e6;

/** Does one task of a phase. */
export type Runner = (phase: number, task: number) => void;

/** The thread that owns the engine, and those that help it. */
export class Crew {
  readonly #head: Int32Array;
  readonly #run: Runner;
  readonly #hire: (number: number) => Worker;
  readonly #threads: number;
  #workers: Worker[] | undefined;

  /**
   * @param memory shared; its first `HEAD_BYTES` are the crew's
   * @param threads how many work, the caller's own included
   * @param run what the caller's thread does with a task
   * @param hire starts a thread that calls `serve` with the same memory; asked once there is work enough for several
   */
  constructor(
    memory: WebAssembly.Memory,
    threads: number,
    run: Runner,
    hire: (number: number) => Worker,
  ) {
    this.#head = headOf(memory);
    this.#threads = threads;
    this.#run = run;
    this.#hire = hire;
  }

  /**
   * Runs a phase to its end.
   *
   * @param phase what is to be done
   * @param tasks how many there are
   * @param work floating-point operations of all of them, about
   * @param onTask called with how many tasks are done, or about to be, after each one that this thread did
   * @throws {Error} what a thread threw
   */
  run(
    phase: number,
    tasks: number,
    work: number,
    onTask?: (done: number) => void,
  ): void {
    if (this.#threads === 1 || tasks < 2 || work < LEAST_WORK) {
      for (let task = 0; task < tasks; task++) {
        this.#run(phase, task);
        onTask?.(task + 1);
      }
      return;
    }
    this.#workers ??= Array.from(
      { length: this.#threads - 1 },
      (_, i) => this.#hire(i + 1),
    );
    const head = this.#head, first = Atomics.load(head, WORD.end);
    Atomics.store(head, WORD.phase, phase);
    Atomics.store(head, WORD.first, first);
    Atomics.store(head, WORD.end, first + tasks | 0);
    Atomics.notify(head, WORD.end);
    takeTasks(head, (phase, task) => {
      this.#run(phase, task);
      onTask?.(task + 1);
    });
    this.#wait(first + tasks | 0);
  }

  /** Ends the other threads. */
  close(): void {
    Atomics.store(this.#head, WORD.stop, 1);
    Atomics.notify(this.#head, WORD.end);
    for (const worker of this.#workers ?? []) worker.terminate();
    this.#workers = undefined;
  }

  #wait(end: number): void {
    const head = this.#head;
    for (let spin = 0;; spin++) {
      const done = Atomics.load(head, WORD.done);
      if (done === end) break;
      if (spin >= SPINS) Atomics.wait(head, WORD.done, done);
    }
    if (Atomics.load(head, WORD.failed) === 0) return;
    throw new Error(readMessage(head));
  }
}

/** The life of a thread that helps: it takes tasks while there are any, and sleeps. */
export function serve(memory: WebAssembly.Memory, run: Runner): void {
  const head = headOf(memory);
  while (Atomics.load(head, WORD.stop) === 0) {
    const end = Atomics.load(head, WORD.end);
    takeTasks(head, run);
    let spin = 0;
    while (Atomics.load(head, WORD.end) === end && spin < SPINS) spin++;
    if (Atomics.load(head, WORD.stop) === 0) Atomics.wait(head, WORD.end, end);
  }
}

function headOf(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, 0, HEAD_BYTES / 4);
}

function takeTasks(head: Int32Array, run: Runner): void {
  for (;;) {
    const task = Atomics.load(head, WORD.next);
    if ((task - Atomics.load(head, WORD.end) | 0) >= 0) return;
    const taken = Atomics.compareExchange(head, WORD.next, task, task + 1 | 0);
    if (taken !== task) continue;
    try {
      const first = Atomics.load(head, WORD.first);
      run(Atomics.load(head, WORD.phase), task - first | 0);
    } catch (error) {
      leaveMessage(head, error);
    }
    const done = Atomics.add(head, WORD.done, 1) + 1 | 0;
    if (done === Atomics.load(head, WORD.end)) {
      Atomics.notify(head, WORD.done);
    }
  }
}

// The first failure counts.
function leaveMessage(head: Int32Array, error: unknown): void {
  if (Atomics.compareExchange(head, WORD.failed, 0, 1) !== 0) return;
  const text = error instanceof Error ? error.message : String(error);
  const bytes = new TextEncoder().encode(text).subarray(0, MESSAGE_BYTES);
  new Uint8Array(head.buffer, 4 * (MESSAGE + 1)).set(bytes);
  Atomics.store(head, MESSAGE, bytes.length);
}

function readMessage(head: Int32Array): string {
  const bytes = new Uint8Array(
    head.buffer,
    4 * (MESSAGE + 1),
    Atomics.load(head, MESSAGE),
  );
  return new TextDecoder().decode(bytes.slice());
}
