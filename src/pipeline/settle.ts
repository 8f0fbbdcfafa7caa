import { sleep } from "../net/pacing.ts";
import type { FoundInput } from "./inputs.ts";
import { statOf } from "./local_file.ts";

/**
 * Tells finished files from ones that are still being written: a local file must have kept its size and date for the
 * given time. Where some have not, they are waited for, once and no longer than that.
 *
 * @param inputs new or changed inputs; what is on the web is taken to be finished
 * @param seconds how long nothing may have changed
 * @param options a signal, and who is called while it waits
 * @returns those that are finished, and those that are not
 */
export async function settledInputs<Input extends FoundInput>(
  inputs: readonly Input[],
  seconds: number,
  options: {
    signal?: AbortSignal | undefined;
    onWait?: ((ms: number, paths: string[]) => void) | undefined;
  },
): Promise<{ settled: Input[]; unsettled: Input[] }> {
  const now = Date.now();
  const leftOf = ({ location, stamp }: FoundInput) => {
    if (typeof location !== "string") return 0;
    // A date in the future tells nothing.
    const age = Math.max(0, now - Number(stamp));
    return Math.max(0, 1000 * seconds - age);
  };
  const waiting = inputs.filter((input) => leftOf(input) > 0);
  if (waiting.length === 0) return { settled: [...inputs], unsettled: [] };
  const wait = Math.max(...waiting.map(leftOf));
  options.onWait?.(wait, waiting.map(({ path }) => path));
  await sleep(wait, options.signal);
  const unsettled = new Set<Input>();
  for (const input of waiting) {
    if (await isOtherNow(input)) unsettled.add(input);
  }
  return {
    settled: inputs.filter((input) => !unsettled.has(input)),
    unsettled: [...unsettled],
  };
}

/** Whether a local file has another size or date than it had, or is gone. */
export async function isOtherNow(
  { location, size, stamp }: FoundInput,
): Promise<boolean> {
  if (typeof location !== "string") return false;
  const info = await statOf(location);
  return info?.size !== size || String(info.mtime?.getTime() ?? 0) !== stamp;
}
