import { mayStartWorker } from "../engine/worker/may_start.ts";
import { DbksvdError } from "../errors.ts";
import { pauseIfDue } from "../pause.ts";

/** One that does what it is asked, a request after the other. */
export interface Helper<Request, Reply> {
  /** Does one request; not asked again before it has answered. */
  run(request: Request): Promise<Reply>;
  /** Ends it. */
  close(): void;
}

/** Threads to share work out to: as many as are asked for, or as there are cores; 1 where none may be started. */
export function helpersFor(module: URL, asked?: number): number {
  return mayStartWorker(module) ? asked ?? navigator.hardwareConcurrency : 1;
}

/** A thread that answers every message with one. */
export function threadHelper<Request, Reply>(
  worker: Worker,
): Helper<Request, Reply> {
  return {
    run: (request) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => {
          event.preventDefault();
          reject(
            new DbksvdError("run", `A thread died, ${event.message}`, {
              mend: "run again; with --threads 1 if it happens again",
            }),
          );
        };
        worker.postMessage(request);
      }),
    close: () => worker.terminate(),
  };
}

/**
 * Shares requests out: whichever helper is free takes the next one.
 *
 * @param requests what is to be done
 * @param helpers who does it
 * @param take called with each reply, in no order
 * @param signal ends the work at once, throwing its reason
 */
export async function shareOut<Request, Reply>(
  requests: AsyncIterable<Request> | Iterable<Request>,
  helpers: readonly Helper<Request, Reply>[],
  take: (reply: Reply, request: Request) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = inTurn(requests);
  const serve = async (helper: Helper<Request, Reply>) => {
    for (;;) {
      const { done, value } = await queue.next();
      if (done) return;
      take(await helper.run(value), value);
      await pauseIfDue(signal);
    }
  };
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal!.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", stop);
  try {
    await Promise.race([Promise.all(helpers.map(serve)), stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function* inTurn<T>(items: AsyncIterable<T> | Iterable<T>) {
  yield* items;
}
