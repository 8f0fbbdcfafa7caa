import { recordOf, type Reply, transfersOf } from "./protocol.ts";

/** Sends what a worker has to say. */
export type Post = (reply: Reply, transfer?: ArrayBuffer[]) => void;

/** Sends it to the thread that started this worker. */
export const postToOwner: Post = (reply, transfer = []) =>
  self.postMessage(reply, { transfer });

/** Takes a worker's messages: each is dealt with when the ones before it are. */
export function inOrder<M>(
  take: (message: M) => Promise<void>,
): (event: MessageEvent<M>) => void {
  let last: Promise<void> = Promise.resolve();
  return ({ data }) => {
    last = last.then(() => take(data));
  };
}

/**
 * Answers one question by its number, with what came out, whose arrays are handed over, or with why nothing did.
 *
 * @param id the question's number
 * @param post sends the answer
 * @param carryOut does what is asked for
 */
export async function answer(
  id: number,
  post: Post,
  carryOut: () => Promise<unknown>,
): Promise<void> {
  try {
    const value = await carryOut();
    const arrays = ArrayBuffer.isView(value)
      ? [value]
      : Object.values(value ?? {});
    post({ id, value }, transfersOf(arrays));
  } catch (error) {
    post({ id, error: recordOf(error) });
  }
}
