import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { Spool } from "./spool.ts";

/** The name of standard input among inputs. */
export const STANDARD_INPUT = "-";

const READ_BYTES = 2 ** 20;

/**
 * Spools what comes through standard input, to its end.
 *
 * @param options where to, who is called with the size, what stops it
 * @throws {DbksvdError} `usage` where it is a terminal, `data` where nothing comes, `run` where there is no room
 */
export async function spoolStandardInput(
  options: {
    spoolDir?: string | undefined;
    onNotice?: ((notice: string) => void) | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<ByteSource> {
  if (Deno.stdin.isTerminal()) {
    throw new DbksvdError("usage", "Standard input is a terminal", {
      mend: "pipe rows into it, as in: python dump.py | dbksvd train -",
    });
  }
  const spool = await Spool.create(options.spoolDir);
  try {
    const buffer = new Uint8Array(READ_BYTES);
    const stopped = abortion(options.signal);
    for (;;) {
      const count = await Promise.race([Deno.stdin.read(buffer), stopped]);
      if (count === null) break;
      spool.write(buffer.subarray(0, count));
    }
  } catch (error) {
    spool.remove();
    throw error;
  }
  if (spool.size === 0) {
    spool.remove();
    throw new DbksvdError("data", "Nothing came through standard input", {
      mend: "check what is piped into it",
    });
  }
  const megabytes = (spool.size / 1e6).toFixed(1);
  options.onNotice?.(
    `Standard input: ${megabytes} MB spooled in ${spool.path}`,
  );
  return spool.source(STANDARD_INPUT);
}

function abortion(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}
