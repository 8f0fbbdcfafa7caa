import type { Communicator } from "../distributed/communicator.ts";
import { claimDevice, threadsOfRank } from "../distributed/rank.ts";
import { createEngine } from "../engine/create.ts";
import type { DeviceChoice, EngineSpec } from "../engine/engine.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";

/** What is summed: as many numbers as a dictionary of m = 4096 and n = 2304 has, 37.7 MB. */
const SUMMED = 4096 * 2304;

/** Sums of which the fastest is shown. */
const TURNS = 3;

/** One process of a group. */
export interface RankReport {
  rank: number;
  /** Its machine's name. */
  machine: string;
  /** Its number among those of its machine. */
  localRank: number;
  /** What does the work there: a processor with its threads, or a card with its address. */
  device: string;
  engine: "cpu" | "gpu";
}

/** What `doctor --mpi` prints. */
export interface GroupReport {
  library: string;
  ranks: RankReport[];
  /** A sum of so many bytes, and how long it took, at best. */
  sum: { bytes: number; milliseconds: number };
  /** Whether all ranks got the same bits. */
  alike: boolean;
}

/**
 * Looks at a group: who and where its processes are, and how long a sum between them takes. Collective.
 *
 * @param group the processes
 * @param device what is to do the work
 * @throws {DbksvdError} `device` where a rank's device cannot be had, or is another one than was chosen
 */
export async function examineGroup(
  group: Communicator,
  device: DeviceChoice,
): Promise<GroupReport> {
  const own = await examineRank(group, device);
  const ranks = await Promise.all(
    (await group.gather(toBytes(own))).map(fromBytes),
  ) as RankReport[];
  const times: number[] = [];
  const digests = new Set<string>();
  for (let turn = 0; turn < TURNS; turn++) {
    const values = new Float32Array(SUMMED).map((_, i) =>
      (i % 97) * 0.1 * (group.rank + 1)
    );
    const start = performance.now();
    const sums = await group.sum(values);
    times.push(performance.now() - start);
    const digest = await crypto.subtle.digest("SHA-256", sums);
    for (const bytes of await group.gather(new Uint8Array(digest))) {
      digests.add(bytes.toHex());
    }
  }
  return {
    library: group.library,
    ranks,
    sum: { bytes: 4 * SUMMED, milliseconds: Math.min(...times) },
    alike: digests.size === 1,
  };
}

async function examineRank(
  group: Communicator,
  device: DeviceChoice,
): Promise<RankReport> {
  const check = await claimDevice(group, device);
  const threads = threadsOfRank(group);
  const engine = await createEngine(smallSpec(), { device, threads });
  try {
    const { kind, name, details } = await check(engine.info);
    return {
      rank: group.rank,
      machine: Deno.hostname(),
      localRank: group.localRank,
      device: kind === "cpu"
        ? `${name}, ${threads === 1 ? "1 thread" : `${threads} threads`}`
        : String(details.card ?? name),
      engine: kind,
    };
  } finally {
    await engine.close();
  }
}

function smallSpec(): EngineSpec {
  const width = 16, atoms = 32;
  return {
    width,
    atoms,
    groups: [atoms],
    coder: {
      method: "omp",
      sparsity: 2,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    normalisation: { mean: new Float32Array(width), scale: 1 },
    sampleBatch: 64,
    powerSteps: 1,
    exact: false,
    gram: "f32",
    rows: "f32",
  };
}
