import { DbksvdError } from "../errors.ts";
import { parseJson } from "../files/text.ts";
import { isJsonObject } from "../json.ts";
import { type Attempt, Connection } from "../net/client.ts";
import { sleep, Turns } from "../net/pacing.ts";
import type { Endpoint } from "./endpoint.ts";
import { Pace } from "./pace.ts";

/** A part of a conversation. */
export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What is asked of a language model: messages, and the form of the answer. */
export interface Question {
  messages: readonly Message[];
  /** How many texts of the rows stand in the messages. */
  texts: number;
  /** The form, as JSON Schema; servers that know none are asked without it. */
  schema: { name: string; schema: Record<string, unknown> };
}

/** How a language model is asked. */
export interface ChatOptions {
  /** The model, as the server names it. */
  model: string;
  /** Requests in all, those that had to be repeated included. */
  maxRequests: number;
  /** Requests a minute. */
  rate: number;
  /** Tokens of an answer. */
  maxTokens: number;
  /** Milliseconds that an answer may take to begin, and to go on. */
  timeoutMs: number;
  /** Milliseconds to wait before asking again, by attempts so far; a server's Retry-After may ask for more. */
  wait?(attempt: number): number;
  signal?: AbortSignal | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

const ANSWER_BYTES = 2 ** 20;
const ATTEMPTS = 6;

/** No further request may be made. */
export class RequestsSpent extends DbksvdError {
  constructor(most: number) {
    super("run", `The limit of ${most} requests was reached`, {
      mend: "the same command goes on; --max-requests raises the limit",
    });
  }
}

/** Which fields the server takes: not every one has all of OpenAI's. */
interface Dialect {
  format: boolean;
  temperature: boolean;
  seed: boolean;
  tokens: "max_tokens" | "max_completion_tokens";
}

/** The server has no use for the request as it is (400). */
class BadRequest extends DbksvdError {}

/** The server's filter does not let these texts through; it may let others. */
class Filtered extends DbksvdError {}

/** Chat completions of an OpenAI-compatible server. */
export class Chat {
  /** Requests made so far. */
  requests = 0;
  /** Texts of the rows that were sent with them, each as often as it was sent. */
  texts = 0;
  /** Answers that were cut off at the most tokens. */
  cut = 0;
  /** Tokens that the server counted. */
  readonly tokens = { prompt: 0, completion: 0 };
  readonly #connection: Connection;
  readonly #pace: Pace;
  #dialect: Dialect = {
    format: true,
    temperature: true,
    seed: true,
    tokens: "max_tokens",
  };

  constructor(readonly endpoint: Endpoint, readonly options: ChatOptions) {
    const {
      timeoutMs,
      signal,
      onNotice,
      wait = (attempt) => Math.min(60_000, 1000 * 2 ** attempt),
    } = options;
    const pace = this.#pace = new Pace(options.rate);
    this.#connection = new Connection(endpoint.place, {
      retry: {
        spanMs: timeoutMs,
        outageMs: Math.max(300_000, 2 * timeoutMs),
        attempts: ATTEMPTS,
        wait: (attempt) => Math.max(wait(attempt), pace.next()),
      },
      signal,
      onNotice,
      // Whoever asks several things at once has counted them.
      turns: new Turns(Infinity),
      credentials: endpoint.key === undefined
        ? "give the server's key in DBKSVD_EXPLAIN_KEY"
        : "check the key in DBKSVD_EXPLAIN_KEY",
    });
  }

  /** Requests that may still be made. */
  get left(): number {
    return this.options.maxRequests - this.requests;
  }

  /**
   * Asks, and asks again while asking may help.
   *
   * @param question what
   * @param allowance how many times the usual tokens the answer may have
   * @returns the answer, as far as it came; empty where there is none, or the server's filter refuses the texts
   * @throws {RequestsSpent} where no further request may be made
   * @throws {Unreachable} where the server does not answer, or not as a chat
   * @throws {DbksvdError} `usage` where it refuses the request, `run` where its quota is used up, `data` where it
   * redirects or sends more than 1 MiB
   */
  async ask(question: Question, allowance = 1): Promise<string> {
    for (;;) {
      const dialect = this.#dialect;
      try {
        return await this.#askIn(dialect, question, allowance);
      } catch (error) {
        if (error instanceof Filtered) return "";
        if (!(error instanceof BadRequest)) throw error;
        const simpler = simplerThan(dialect, error.what);
        if (simpler === undefined) throw error;
        this.#dialect = simpler;
      }
    }
  }

  async #askIn(
    dialect: Dialect,
    question: Question,
    allowance: number,
  ): Promise<string> {
    const { signal } = this.options;
    const body = JSON.stringify(this.#bodyOf(dialect, question, allowance));
    await sleep(this.#pace.next(), signal);
    return await this.#connection.persist(async (attempt) => {
      if (this.left <= 0) throw new RequestsSpent(this.options.maxRequests);
      this.requests++;
      this.texts += question.texts;
      const response = await attempt.ask({
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json",
        },
        body,
        busy: [409],
        refused: (status, text) => this.#refuse(status, text),
      });
      return await this.#answerIn(attempt, response);
    });
  }

  #bodyOf(
    { format, temperature, seed, tokens }: Dialect,
    { messages, schema }: Question,
    allowance: number,
  ): unknown {
    const { model, maxTokens } = this.options;
    return {
      model,
      messages,
      [tokens]: Math.ceil(allowance * maxTokens),
      ...temperature && { temperature: 0 },
      ...seed && { seed: 0 },
      ...format && {
        response_format: {
          type: "json_schema",
          json_schema: { ...schema, strict: true },
        },
      },
    };
  }

  async #answerIn(attempt: Attempt, response: Response): Promise<string> {
    const bytes = await attempt.bytes(response, ANSWER_BYTES);
    const document = parsed(new TextDecoder().decode(bytes));
    const choices = isJsonObject(document) ? document.choices : undefined;
    const choice = Array.isArray(choices) ? choices[0] : undefined;
    if (!isJsonObject(choice) || !isJsonObject(choice.message)) {
      throw new Error("the server answers with something else than a chat's");
    }
    this.#count((document as Record<string, unknown>).usage);
    if (choice.finish_reason === "length") this.cut++;
    const { content } = choice.message;
    return typeof content === "string" ? content : "";
  }

  #count(usage: unknown): void {
    if (!isJsonObject(usage)) return;
    const whole = (value: unknown) =>
      Number.isSafeInteger(value) ? value as number : 0;
    this.tokens.prompt += whole(usage.prompt_tokens);
    this.tokens.completion += whole(usage.completion_tokens);
  }

  // What asking again does not change; everything else is the client's to judge.
  #refuse(status: number, text: string): void {
    const { host, place } = this.endpoint;
    const said = this.#wordsOf(text);
    const where = { file: place.name };
    if (status === 402 || /insufficient_quota/.test(text)) {
      throw new DbksvdError("run", `The account at ${host} has no quota left`, {
        where,
        mend: "look at its billing; the same command goes on then",
      });
    }
    if (status === 400 && /"content_(filter|policy_violation)"/.test(text)) {
      throw new Filtered("run", "Server's filter refuses the texts", { where });
    }
    if (status === 400 || status === 422) {
      throw new BadRequest(
        "usage",
        `Server refuses the request (${status}${said})`,
        { where, mend: "check --explain-model and --max-tokens" },
      );
    }
    if (status === 404 || status === 405) {
      throw new DbksvdError("usage", `Server answers ${status}${said}`, {
        where,
        mend: "check the address, which usually ends in /v1, and the model",
      });
    }
  }

  // The server's own words on what is wrong, without the key, should it repeat that.
  #wordsOf(text: string): string {
    const document = parsed(text);
    const error = isJsonObject(document)
      ? document.error ?? document.message ?? document.detail
      : undefined;
    const message = isJsonObject(error) ? error.message : error;
    if (typeof message !== "string") return "";
    const { key } = this.endpoint;
    const clean = key === undefined ? message : message.replaceAll(key, "…");
    return `, ${clean.replace(/\s+/g, " ").trim().slice(0, 200)}`;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

// Leaves out what the server complains of; failing that, the form of the answer, which not every server knows.
function simplerThan(dialect: Dialect, complaint: string): Dialect | undefined {
  if (/max_(completion_)?tokens/.test(complaint)) {
    const tokens = "max_completion_tokens";
    if (dialect.tokens !== tokens) return { ...dialect, tokens };
  }
  if (/\btemperature\b/.test(complaint) && dialect.temperature) {
    return { ...dialect, temperature: false };
  }
  if (/\bseed\b/.test(complaint) && dialect.seed) {
    return { ...dialect, seed: false };
  }
  return dialect.format ? { ...dialect, format: false } : undefined;
}
