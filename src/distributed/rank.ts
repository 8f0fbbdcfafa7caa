import { cpus } from "node:os";
import { checkCard, chooseCard, describeCard } from "./cards.ts";
import type { Communicator } from "./communicator.ts";
import type { DeviceChoice, EngineInfo } from "../engine/engine.ts";

/**
 * Threads of a rank where nobody says how many: the machine's processors are shared out among its ranks, and no more
 * are used than the launcher allows this one.
 */
export function threadsOfRank({ localSize }: Communicator): number {
  const share = Math.max(1, Math.floor(cpus().length / localSize));
  return Math.min(navigator.hardwareConcurrency, share);
}

/**
 * Chooses what a rank works on, before any engine is made.
 *
 * @param group the ranks
 * @param device what was asked for
 * @returns checks what was opened, and gives it with its card, where one was chosen
 */
export async function claimDevice(
  group: Communicator,
  device: DeviceChoice,
): Promise<(info: EngineInfo) => Promise<EngineInfo>> {
  const chosen = device === "cpu" ? undefined : await chooseCard(group);
  return async (info) => {
    if (chosen === undefined || info.kind !== "gpu") return info;
    const card = describeCard(await checkCard(chosen, info));
    return { ...info, details: { ...info.details, card } };
  };
}
