import { findAdapter, summarise } from "../gpu/device.ts";
import { specOf } from "./spec.ts";
import { firstAtoms, plantedRows } from "./planted.ts";
import {
  closeSession,
  openSession,
  sessionStages,
  timeRuns,
} from "./session.ts";
import type { StageName } from "./types.ts";
import type { BenchSize } from "./size.ts";

/** How fast one stage goes on a small problem. */
export interface StageThroughput {
  stage: StageName;
  milliseconds: number;
  rowsPerSecond: number;
}

/** What a stage is timed for: all of them together take seconds. */
const EACH_MS = 400;

/** Problems that a card, or a software driver, gets through in a moment. */
const SIZES: Readonly<Record<"card" | "software", BenchSize>> = {
  card: { n: 1024, m: 4096, k: 20, rows: 8192 },
  software: { n: 64, m: 256, k: 8, rows: 512 },
};

/**
 * Times each stage of an OMP iteration for a few seconds: `doctor`'s check that the device does what it should.
 *
 * @throws {DbksvdError} `device`, where there is no usable adapter
 */
export async function quickThroughput(): Promise<StageThroughput[]> {
  const adapter = await findAdapter();
  const software = adapter !== undefined && summarise(adapter).software;
  const size = SIZES[software ? "software" : "card"];
  const data = plantedRows(size);
  const problem = { data, rows: size.rows, dictionary: firstAtoms(data, size) };
  const session = await openSession(
    specOf(size, "omp", "f32"),
    problem,
    { atomBatch: Math.floor(size.m / 32), ridge: 1 },
  );
  const times: StageThroughput[] = [];
  try {
    for (const { stage, run } of sessionStages(session)) {
      const milliseconds = await timeRuns(session, run, 3, EACH_MS);
      const rowsPerSecond = 1000 * size.rows / milliseconds;
      times.push({ stage, milliseconds, rowsPerSecond });
    }
  } finally {
    closeSession(session);
  }
  return times;
}
