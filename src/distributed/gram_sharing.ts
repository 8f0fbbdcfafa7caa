import type { EngineInfo, IterationReport } from "../engine/engine.ts";
import type { GroupEngine } from "../engine/group_engine.ts";
import { bytesOf } from "../bytes.ts";
import type { Adding } from "./communicator.ts";

/** Iterations of a trial, in turns with the Gram made by each rank and shared. */
const TRIALS = 4;

/** The next trial is when there were so many times as many iterations. */
const LATER = 4;

/** What decides which bits a processor's Gram has. */
const ARITHMETIC = ["fused", "blas"] as const;

/**
 * Who makes the Gram: every rank all of it, or each a part that it sends to the others. Which takes less time depends
 * on sizes, threads and what carries the parts; so the first iterations try both, and the faster way is kept to until
 * the next trial: a machine that did something else meanwhile deceives one of them, but not all. The Gram is the same
 * either way.
 */
export class GramSharing {
  readonly #engine: GroupEngine;
  readonly #group: Adding;
  /** Whether there is nothing to share. */
  #alone: boolean;
  /** Least milliseconds of each way in the trial at hand. */
  #least = { whole: Infinity, shared: Infinity };
  #iterations = 0;
  /** Where the trial at hand, or the next one, begins. */
  #trial = 0;
  /** How it goes without a trial. */
  #settled: "whole" | "shared" = "whole";
  /** Milliseconds of this iteration's sharing, without waiting for other ranks. */
  #spent = 0;

  /**
   * @param engine this rank's
   * @param group the ranks
   * @param alike whether all ranks come to the same bits: see {@linkcode areAlike}
   */
  constructor(
    engine: GroupEngine,
    group: Adding,
    alike: boolean,
  ) {
    this.#engine = engine;
    this.#group = group;
    this.#alone = group.size === 1 || !alike;
  }

  /** Makes the Gram of the group of atoms that begins at a place of the order, where it is shared. Collective. */
  async prepare(from: number): Promise<void> {
    if (this.#alone || this.#way() === "whole") return;
    const { spent } = this.#group;
    const start = performance.now(), waiting = spent.waiting;
    if (await shareGram(this.#engine, this.#group, from)) {
      const waited = this.#group.spent.waiting - waiting;
      this.#spent += performance.now() - start - waited;
    } else this.#alone = true;
  }

  /** Takes an iteration's report; after a trial, all ranks settle on one way. Collective. */
  async note({ stages }: IterationReport): Promise<void> {
    if (this.#alone) return;
    if (this.#tries) {
      const way = this.#way(), least = this.#least;
      const spent = way === "shared" ? this.#spent : stages.gram ?? 0;
      least[way] = Math.min(least[way], spent);
      if (this.#iterations === this.#trial + TRIALS - 1) await this.#settle();
    }
    this.#iterations++;
    this.#spent = 0;
  }

  async #settle(): Promise<void> {
    const own = Float64Array.of(this.#least.whole, this.#least.shared);
    const all = (await this.#group.gather(new Uint8Array(own.buffer)))
      .map((bytes) => new Float64Array(bytes.slice().buffer));
    const slowest = (way: 0 | 1) => Math.max(...all.map((one) => one[way]));
    this.#settled = slowest(1) < slowest(0) ? "shared" : "whole";
    this.#least = { whole: Infinity, shared: Infinity };
    this.#trial = LATER * (this.#iterations + 1);
  }

  /** Whether the iteration at hand is one of a trial. */
  get #tries(): boolean {
    const since = this.#iterations - this.#trial;
    return since >= 0 && since < TRIALS;
  }

  #way(): "whole" | "shared" {
    if (!this.#tries) return this.#settled;
    return (this.#iterations - this.#trial) % 2 === 0 ? "whole" : "shared";
  }
}

/**
 * Makes the Gram of the group of atoms that begins at a place of the order by parts, one a rank. Collective.
 *
 * @returns false where the engine makes it by itself
 */
export async function shareGram(
  engine: GroupEngine,
  group: Adding,
  from: number,
): Promise<boolean> {
  const part = await engine.gramPart?.(from, group.rank, group.size);
  if (part === undefined) return false;
  const parts = await group.gather(bytesOf(part));
  await engine.takeGram!(from, parts.map(floatsOf));
  return true;
}

/** Whether what does the work of each rank makes a Gram of the same bits. */
export function areAlike(engines: readonly EngineInfo[]): boolean {
  const [first] = engines;
  return engines.every(({ kind, name, details }) =>
    kind === first.kind && name === first.name &&
    ARITHMETIC.every((detail) => details[detail] === first.details[detail])
  );
}

function floatsOf(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const { buffer, byteOffset, length } = bytes;
  return byteOffset % 4 === 0
    ? new Float32Array(buffer, byteOffset, length / 4)
    : new Float32Array(bytes.slice().buffer);
}
