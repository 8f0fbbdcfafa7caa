import type { Communicator } from "../distributed/communicator.ts";
import type { TrainOptions } from "../options/train_options.ts";
import type { LearnState } from "../learn/state.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import type { RowSource } from "../rows/source.ts";
import { train, type TrainRun } from "./train.ts";

/** A run of several processes that all of them ended at the same point, where it was saved. */
export class StoppedTogether extends Error {
  constructor() {
    super("All processes stopped where the run was saved");
  }
}

/** How the process that writes begins, as it tells the others. */
export type GroupBeginning =
  | { kind: "fresh" }
  | { kind: "resumed"; state: LearnState }
  | { kind: "finished" };

/** Tells all processes something that the first one knows. */
export async function tell<T>(
  group: Communicator,
  known: T | undefined,
): Promise<T> {
  const bytes = group.rank === 0 ? toBytes(known) : new Uint8Array(0);
  return await fromBytes(await group.broadcast(bytes)) as T;
}

/** A group's run, in which a signal to any process stops all of them at the same decision point. */
export interface GroupRun {
  run: Omit<TrainRun, "resume">;
  /** Aborted once the group agreed to stop. */
  agreed: AbortSignal;
}

/**
 * Makes a run one of a group: signals are no longer heeded at once, but passed to all at the next decision point.
 * Before the first one there is nothing to save; after the last one, while all of them measure, the first one heeds
 * its own at once and ends them.
 */
export function joined(
  run: Omit<TrainRun, "resume">,
  group: Communicator,
): GroupRun {
  const agreed = new AbortController();
  const stop = () => agreed.abort(new StoppedTogether());
  return {
    agreed: agreed.signal,
    run: {
      ...run,
      group,
      signal: agreed.signal,
      stopAsked: () => run.signal?.aborted ?? false,
      onStop: stop,
      onLearned() {
        if (group.rank > 0) return;
        const now = () => agreed.abort(run.signal!.reason);
        if (run.signal?.aborted) now();
        else run.signal?.addEventListener("abort", now);
      },
    },
  };
}

/**
 * Trains with others as one of those that write nothing.
 *
 * @returns what the process that writes tells in the end
 * @throws {StoppedTogether} where the group stopped
 */
export async function follow<T>(
  source: RowSource,
  options: TrainOptions,
  { run, agreed }: GroupRun,
): Promise<T> {
  const group = run.group!;
  const beginning = await tell<GroupBeginning>(group, undefined);
  if (beginning.kind !== "finished") {
    await train(source, options, {
      ...run,
      resume: beginning.kind === "resumed" ? beginning.state : undefined,
      record: () => {},
      onDecision: () => agreed.throwIfAborted(),
    });
  }
  return await tell<T>(group, undefined);
}
