import { createHash, type Hash } from "node:crypto";
import { exists, writeAll, writeError } from "../files/atomic.ts";
import { chunksOf, metricsIn, metricsText } from "./metrics_lines.ts";
import type { MetricsLine } from "./model.ts";

/** Lines wait for company until they come to so many characters, */
const MOST_WAITING = 2 ** 16;

/** or for so long. */
const LONGEST_WAIT_MS = 1000;

/** How much of a log belongs to a checkpoint. */
export interface LogMark {
  bytes: number;
  /** SHA-256 of these bytes. */
  sha256: string;
}

/**
 * The metrics of a training under way: lines are appended to a file as they come, so that neither memory nor
 * checkpoints grow with them. What was appended after a checkpoint is cut off when the training goes on from it.
 */
export class MetricsLog {
  /** Its file. */
  readonly path: string;
  readonly #beforeWriting: () => Promise<void>;
  #hash: Hash = createHash("sha256");
  /** What the file should hold. */
  #bytes = 0;
  #waiting: string[] = [];
  #characters = 0;
  #wroteAt = performance.now();

  /**
   * A log that begins empty, whatever its file holds.
   *
   * @param path its file, in a directory that is there once something is written
   * @param beforeWriting makes the directory, and checks that it is the one it was
   */
  constructor(path: string, beforeWriting: () => Promise<void>) {
    this.path = path;
    this.#beforeWriting = beforeWriting;
  }

  /** Forgets all lines. */
  begin(): void {
    this.#hash = createHash("sha256");
    this.#bytes = 0;
    this.#forgetWaiting();
  }

  /**
   * Goes on from a checkpoint: what its file holds beyond the mark is cut off.
   *
   * @returns false where the file is not there, shorter or changed; nothing is done then
   * @throws {DbksvdError} `run` where the file system refuses
   */
  async goOn(mark: LogMark): Promise<boolean> {
    const hash = await this.#hashOfFirst(mark.bytes);
    if (hash?.copy().digest("hex") !== mark.sha256) return false;
    await this.#refusing(() => this.#cut(mark.bytes));
    this.#hash = hash;
    this.#bytes = mark.bytes;
    this.#forgetWaiting();
    return true;
  }

  /**
   * Appends lines: at once, or soon with those that follow.
   *
   * @throws {DbksvdError} `run` where the file system refuses
   */
  async append(lines: readonly MetricsLine[]): Promise<void> {
    for (const line of lines) {
      const text = metricsText(line);
      this.#waiting.push(text);
      this.#characters += text.length;
    }
    const waited = performance.now() - this.#wroteAt;
    if (this.#characters > MOST_WAITING || waited > LONGEST_WAIT_MS) {
      await this.#refusing(() => this.#write(false));
    }
  }

  /**
   * Writes and flushes all lines so far, for a checkpoint to refer to.
   *
   * @throws {DbksvdError} `run` where the file system refuses
   */
  async mark(): Promise<LogMark> {
    await this.#refusing(() => this.#write(true));
    return { bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  /**
   * All lines, read from the file as they are gone through; none where someone else removed or changed them.
   *
   * @throws {DbksvdError} `run` where the file system refuses
   */
  async lines(): Promise<AsyncIterable<MetricsLine> | undefined> {
    const { bytes, sha256 } = await this.mark();
    const hash = await this.#hashOfFirst(bytes);
    return hash?.digest("hex") === sha256 ? metricsIn(this.path) : undefined;
  }

  async #write(flush: boolean): Promise<void> {
    const bytes = new TextEncoder().encode(this.#waiting.join(""));
    await this.#beforeWriting();
    using file = await Deno.open(this.path, { write: true, create: true });
    if (this.#bytes === 0) await file.truncate(0);
    await file.seek(this.#bytes, Deno.SeekMode.Start);
    await writeAll(file, bytes);
    if (flush) await file.sync();
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#forgetWaiting();
  }

  async #cut(bytes: number): Promise<void> {
    if (bytes === 0 && !await exists(this.path)) return;
    await Deno.truncate(this.path, bytes);
  }

  // Of the file's first bytes; undefined where it has fewer.
  async #hashOfFirst(bytes: number): Promise<Hash | undefined> {
    const hash = createHash("sha256");
    let left = bytes;
    for await (const chunk of chunksOf(this.path)) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      hash.update(part);
      left -= part.length;
      if (left === 0) break;
    }
    return left === 0 ? hash : undefined;
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#characters = 0;
    this.#wroteAt = performance.now();
  }

  async #refusing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw writeError(this.path, cause);
    }
  }
}
