// Which GPU a rank works on. Deno offers no choice of adapter; Mesa's device-select layer, which sits before every
// Vulkan driver, puts one card first, as long as its variables are set before the first adapter is asked for.
import type { EngineInfo } from "../engine/engine.ts";
import { DbksvdError } from "../errors.ts";
import type { Communicator } from "./communicator.ts";

/** Where NVIDIA's driver tells of its cards: a directory for each, named by its PCI address. */
const CARDS = "/proc/driver/nvidia/gpus";

/** What this process has open. */
const OPEN_FILES = "/proc/self/fd";

/** A card of this machine. */
export interface Card {
  /** PCI address, as 0000:41:00.0. */
  address: string;
  /** As its driver calls it. */
  model: string;
  /** N of its device file /dev/nvidiaN. */
  minor: number;
}

/** A rank's card, and how sure that is. */
export interface ChosenCard extends Card {
  /** How many cards this process sees. */
  of: number;
  /** Whether the device file that is open is this card's; `undefined` before it was looked at. */
  confirmed?: boolean;
}

/** What is asked of the system; tests bring their own. */
export interface System {
  /** Names in a directory; none where it is not there. */
  list(directory: string): Promise<string[]>;
  /** A file's text. */
  read(file: string): Promise<string>;
  /** Whether a file can be opened. */
  opens(file: string): Promise<boolean>;
  /** What a link points to; undefined where it is gone. */
  follow(link: string): Promise<string | undefined>;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** Sets one for this process. */
  setEnv(name: string, value: string): void;
}

/**
 * The cards that this process may use, in order of their addresses. The driver tells of all: a job's own are those
 * whose device files can be opened, as Slurm's ConstrainDevices and containers allow it.
 */
export async function visibleCards(
  system: System = ownSystem(),
): Promise<Card[]> {
  const addresses = (await system.list(CARDS)).sort();
  const cards = await Promise.all(
    addresses.map(async (address): Promise<Card> => {
      const text = await system.read(`${CARDS}/${address}/information`);
      const field = (name: string) =>
        new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1].trim() ?? "";
      return {
        address,
        model: field("Model"),
        minor: Number(field("Device Minor") || NaN),
      };
    }),
  );
  const open = await Promise.all(
    cards.map(({ minor }) =>
      Number.isNaN(minor) || system.opens(`/dev/nvidia${minor}`)
    ),
  );
  return cards.filter((_, i) => open[i]);
}

/**
 * Chooses this rank's card among those of its machine, by its number there, and has it taken. To be called before the
 * first adapter is asked for. Nothing is chosen where there is one card or none, as with one visible card a task, or
 * where the user chose one.
 *
 * @returns the card, or undefined where the driver is left to take the one there is
 */
export async function chooseCard(
  group: Pick<Communicator, "localRank">,
  system: System = ownSystem(),
): Promise<ChosenCard | undefined> {
  const cards = await visibleCards(system);
  if (cards.length === 0) return undefined;
  if (cards.length === 1) return { ...cards[0], of: 1 };
  const chosen = system.env("MESA_VK_DEVICE_SELECT") ??
    system.env("DRI_PRIME");
  if (chosen !== undefined) return undefined;
  const card = cards[group.localRank % cards.length];
  system.setEnv("DRI_PRIME", `pci-${card.address.replaceAll(/[:.]/g, "_")}`);
  system.setEnv("MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE", "1");
  return { ...card, of: cards.length };
}

/**
 * Looks whether the card that was opened is the one that was chosen: an unknown address is passed over silently.
 *
 * @param chosen what `chooseCard` gave
 * @param engine what does the work
 * @returns the card, confirmed where the device files that are open tell
 * @throws {DbksvdError} `device` where it is another one
 */
export async function checkCard(
  chosen: ChosenCard,
  engine: Pick<EngineInfo, "kind" | "name" | "software">,
  system: System = ownSystem(),
): Promise<ChosenCard> {
  if (engine.kind !== "gpu" || engine.software) return chosen;
  if (!sameModel(chosen.model, engine.name)) throw another(chosen, engine.name);
  if (chosen.of === 1) return { ...chosen, confirmed: true };
  const open = new Set<number>();
  for (const name of await system.list(OPEN_FILES)) {
    const file = await system.follow(`${OPEN_FILES}/${name}`);
    const minor = /^\/dev\/nvidia(\d+)$/.exec(file ?? "")?.[1];
    if (minor !== undefined) open.add(Number(minor));
  }
  if (open.size > 0 && !open.has(chosen.minor)) {
    const files = [...open].map((minor) => `/dev/nvidia${minor}`).join(", ");
    throw another(chosen, `${engine.name} (${files})`);
  }
  // A driver may keep all of them open: that tells nothing.
  return { ...chosen, confirmed: open.size === 1 };
}

/** A card in words, for `doctor` and the record. */
export function describeCard({ model, address, of, confirmed }: ChosenCard) {
  const sure = confirmed ? "" : ", not confirmed by the driver";
  return `${model} at ${address}${of > 1 ? ` of ${of}${sure}` : ""}`;
}

function another({ address, model }: ChosenCard, opened: string): DbksvdError {
  return new DbksvdError(
    "device",
    `The card at ${address} (${model}) was chosen, but ${opened} was opened`,
    {
      mend:
        "let each rank see one card only (Slurm: --gpus-per-task=1 with ConstrainDevices; Kubernetes: one GPU a pod), or install Mesa's Vulkan layers",
    },
  );
}

// "NVIDIA H200" and "NVIDIA H200 (NVIDIA 550.54)" are one.
function sameModel(model: string, name: string): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll("nvidia", "");
  return plain(name).includes(plain(model).trim());
}

function ownSystem(): System {
  return {
    async list(directory) {
      try {
        const entries = await Array.fromAsync(Deno.readDir(directory));
        return entries.map(({ name }) => name);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    },
    read: (file) => Deno.readTextFile(file),
    async opens(file) {
      try {
        (await Deno.open(file)).close();
        return true;
      } catch (error) {
        // Deno's own refusal tells nothing of the file.
        return error instanceof Deno.errors.NotCapable;
      }
    },
    follow: (link) => Deno.readLink(link).catch(() => undefined),
    env: (name) => Deno.env.get(name),
    setEnv: (name, value) => Deno.env.set(name, value),
  };
}
