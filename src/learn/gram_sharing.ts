import type { Communicator } from "../distributed/communicator.ts";
import type { EngineInfo, IterationReport } from "../engine/engine.ts";
import type { GroupEngine } from "../engine/group_engine.ts";
import { bytesOf } from "../files/safetensors.ts";

/** Iterations, in turns with the Gram made by each rank and shared, after which the faster way is kept to. */
const TRIALS = 4;

/** What decides which bits a processor's Gram has. */
const ARITHMETIC = ["fused", "blas"] as const;

/**
 * Who makes the Gram: every rank all of it, or each a part that it sends to the others. Which takes less time depends
 * on sizes, threads and what carries the parts; so the first iterations try both. The Gram is the same either way.
 */
export class GramSharing {
  readonly #engine: GroupEngine;
  readonly #group: Communicator;
  /** Least milliseconds of each way so far. */
  readonly #least = { whole: Infinity, shared: Infinity };
  #iterations = 0;
  #settled: "whole" | "shared" | undefined;
  /** Milliseconds of this iteration's sharing, without waiting for other ranks. */
  #spent = 0;

  /**
   * @param engine this rank's
   * @param group the ranks
   * @param engines what does the work of each: a Gram is shared between those that come to the same bits
   */
  constructor(
    engine: GroupEngine,
    group: Communicator,
    engines: readonly EngineInfo[],
  ) {
    this.#engine = engine;
    this.#group = group;
    if (group.size === 1 || !areAlike(engines)) this.#settled = "whole";
  }

  /** Makes the Gram of the group of atoms that begins at a place of the order, where it is shared. Collective. */
  async prepare(from: number): Promise<void> {
    if (this.#way() === "whole") return;
    const { spent } = this.#group;
    const start = performance.now(), waiting = spent.waiting;
    if (await shareGram(this.#engine, this.#group, from)) {
      const waited = spent.waiting - waiting;
      this.#spent += performance.now() - start - waited;
    } else this.#settled = "whole";
  }

  /** Takes an iteration's report; after the trials, all ranks settle on one way. Collective. */
  async note({ stages }: IterationReport): Promise<void> {
    if (this.#settled !== undefined) return;
    const way = this.#way(), least = this.#least;
    const spent = way === "shared" ? this.#spent : stages.gram ?? 0;
    least[way] = Math.min(least[way], spent);
    this.#spent = 0;
    if (++this.#iterations < TRIALS) return;
    const own = Float64Array.of(least.whole, least.shared);
    const all = (await this.#group.gather(new Uint8Array(own.buffer)))
      .map((bytes) => new Float64Array(bytes.slice().buffer));
    const slowest = (way: 0 | 1) => Math.max(...all.map((one) => one[way]));
    this.#settled = slowest(1) < slowest(0) ? "shared" : "whole";
  }

  #way(): "whole" | "shared" {
    return this.#settled ?? (this.#iterations % 2 === 0 ? "whole" : "shared");
  }
}

/**
 * Makes the Gram of the group of atoms that begins at a place of the order by parts, one a rank. Collective.
 *
 * @returns false where the engine makes it by itself
 */
export async function shareGram(
  engine: GroupEngine,
  group: Communicator,
  from: number,
): Promise<boolean> {
  const part = await engine.gramPart?.(from, group.rank, group.size);
  if (part === undefined) return false;
  const own = bytesOf(part) as Uint8Array<ArrayBuffer>;
  const parts = await group.gather(own);
  await engine.takeGram!(from, parts.map(floatsOf));
  return true;
}

function areAlike(engines: readonly EngineInfo[]): boolean {
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
