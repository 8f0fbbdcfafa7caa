import type { TextColumn } from "../inspection/row_texts.ts";
import type { RowSource } from "../rows/source.ts";
import { type Chat, RequestsSpent } from "./chat.ts";
import {
  areEnough,
  examplesOf,
  type Latent,
  type LatentExamples,
} from "./examples.ts";
import type { Gathered } from "./gather.ts";
import { promptText } from "./marks.ts";
import { requestsOf } from "./plan.ts";
import { nameIn, nameQuestion } from "./prompts.ts";
import { type NameScore, scoreName } from "./score.ts";

/** A name that a language model gave, and how well it fits. */
export interface NamedLatent extends Latent {
  label: string;
  /** Texts that it was found from. */
  shown: number;
  /** Whether texts with what it says can be known from others. */
  detection?: NameScore | undefined;
  /** Whether the right tokens can be known from others, where rows are tokens. */
  fuzzing?: NameScore | undefined;
}

/** What came of naming latents. */
export interface Naming {
  /** Names, in the order of the plan. */
  names: NamedLatent[];
  /** Latents with too few different texts. */
  tooFewTexts: Latent[];
  /** Latents for which no answer held a name. */
  noAnswer: Latent[];
  /** Latents that were not come to, since no further request may be made. */
  left: number;
}

/** How naming is done and followed. */
export interface NamingOptions {
  /** Latents that are named side by side. */
  atOnce: number;
  signal?: AbortSignal | undefined;
  /** Called with every name as it comes, in no certain order. */
  onName?: ((name: NamedLatent) => Promise<void> | void) | undefined;
  /** Called with how many latents are done. */
  onProgress?: ((done: number) => void) | undefined;
}

/**
 * Has a language model name latents, and scores the names on texts that were not shown for them.
 *
 * @param latents which
 * @param gathered what is known of them
 * @param source the rows
 * @param column where their texts are
 * @param chat who is asked
 * @param options how many side by side, who follows it
 * @throws {Unreachable} where the server cannot be asked any more, and as {@linkcode Chat.ask} else: names that came
 * before were given to `onName`
 */
export async function nameLatents(
  latents: readonly Latent[],
  gathered: Gathered,
  source: RowSource,
  column: TextColumn,
  chat: Chat,
  options: NamingOptions,
): Promise<Naming> {
  const { atOnce, signal, onName, onProgress } = options;
  const outcomes = new Map<number, NamedLatent | "tooFewTexts" | "noAnswer">();
  const examples = examplesOf(gathered, source, column, latents);
  const budget = new Budget(chat);
  const work = async () => {
    while (!budget.isSpent) {
      const next = await examples.next();
      if (next.done) return;
      signal?.throwIfAborted();
      const { latent, byToken } = next.value;
      const outcome = areEnough(next.value)
        ? await budget.spend(
          requestsOf(latent, byToken ? 2 : 1),
          () => nameOne(next.value, chat),
        )
        : "tooFewTexts";
      if (outcome === undefined) return;
      if (typeof outcome === "object") await onName?.(outcome);
      outcomes.set(latent.latent, outcome);
      onProgress?.(outcomes.size);
    }
  };
  // One that fails ends it all; the others first come to the end of what they are at.
  const ended = await Promise.allSettled(
    Array.from(
      { length: Math.min(atOnce, latents.length) },
      () =>
        work().catch((error) => {
          budget.isSpent = true;
          throw error;
        }),
    ),
  );
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  const having = (what: string) =>
    latents.filter(({ latent }) => outcomes.get(latent) === what);
  return {
    names: latents.map(({ latent }) => outcomes.get(latent))
      .filter((outcome) => typeof outcome === "object"),
    tooFewTexts: having("tooFewTexts"),
    noAnswer: having("noAnswer"),
    left: latents.length - outcomes.size,
  };
}

/** Begins only what the requests that are left suffice for. */
class Budget {
  isSpent = false;
  #promised = 0;

  constructor(readonly chat: Chat) {}

  /** Does something that takes so many requests, unless they are not left; `undefined` then. */
  async spend<T>(
    requests: number,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    if (this.isSpent || this.chat.left - this.#promised < requests) {
      this.isSpent = true;
      return undefined;
    }
    this.#promised += requests;
    try {
      return await this.#work(work);
    } finally {
      this.#promised -= requests;
    }
  }

  // Requests that had to be repeated may take more than was thought.
  async #work<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RequestsSpent)) throw error;
      this.isSpent = true;
      return undefined;
    }
  }
}

async function nameOne(
  examples: LatentExamples,
  chat: Chat,
): Promise<NamedLatent | "noAnswer"> {
  const { latent, shown, byToken } = examples;
  const label = await nameFor(examples, chat);
  if (label === undefined) return "noAnswer";
  const detection = await scoreName("detection", label, examples, chat);
  const fuzzing = byToken
    ? await scoreName("fuzzing", label, examples, chat)
    : undefined;
  return { ...latent, label, shown: shown.length, detection, fuzzing };
}

// What cannot be a name is asked for once more.
async function nameFor(
  { shown, byToken }: LatentExamples,
  chat: Chat,
): Promise<string | undefined> {
  const texts = shown.map((example) => promptText(example, byToken));
  const question = nameQuestion(texts);
  for (const allowance of [1, 2]) {
    const name = nameIn(await chat.ask(question, allowance));
    if (name !== undefined) return name;
  }
  return undefined;
}
