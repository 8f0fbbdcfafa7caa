// Commands at work for a minute or more, and two signals.
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileAtomically } from "../../src/files/atomic.ts";
import { npyParts } from "../../src/files/npy.ts";
import { saveModel } from "../../src/model/directory.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { noise } from "./runs.ts";

const ROOT = new URL("../../", import.meta.url);

/** Work for a minute or more of any engine here, or of this thread. */
const WIDTH = 128, ATOMS = 3000, ROWS = 30_000;

/** Matching is faster than coding: of so many atoms it takes as long. */
const MATCHED_ATOMS = 16_000;

/** Longer than a signal's echo, which is not taken for a second signal. */
const PAST_ECHO_MS = 700;

/** A command that does not end by then ends by SIGKILL, with another code. */
const TOO_LATE_MS = 20_000;

async function writeWork(directory: string) {
  const model = makeModel({ width: WIDTH, atoms: ATOMS });
  model.coder.sparsity = 40;
  const config = { ...CONFIG };
  await saveModel(join(directory, "model"), model, config, []);
  const more = { other: ATOMS + 1, wide: MATCHED_ATOMS, wider: MATCHED_ATOMS };
  for (const [name, atoms] of Object.entries(more)) {
    const made = makeModel({ width: WIDTH, atoms });
    await saveModel(join(directory, name), made, config, []);
  }
  const rows = npyParts(noise(ROWS, WIDTH), [ROWS, WIDTH]);
  await writeFileAtomically(join(directory, "rows.npy"), rows);
}

function start(directory: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=rows-to-files", "--no-prompt"],
      ...[new URL("src/cli/main.ts", ROOT).href, ...args],
    ],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** Two signals, the second after the first one's echo; the exit code, and what was said. */
async function interruptTwice(
  directory: string,
  args: readonly string[],
  afterMs?: number,
) {
  const child = start(directory, args);
  const decoder = new TextDecoder();
  let said = "";
  let begun = () => {};
  const working = new Promise<void>((resolve) => begun = resolve);
  const read = (async () => {
    for await (const bytes of child.stderr) {
      said += decoder.decode(bytes);
      if (said.includes("%")) begun();
    }
  })();
  await (afterMs === undefined
    ? Promise.race([working, read])
    : pause(afterMs));
  child.kill("SIGINT");
  await pause(PAST_ECHO_MS);
  signal(child, "SIGINT");
  const late = setTimeout(() => signal(child, "SIGKILL"), TOO_LATE_MS);
  const { code } = await child.status;
  clearTimeout(late);
  await read;
  return { code, said };
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended already.
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Asserts that commands end with 130 at a second Ctrl-C and leave nothing but what they may go on from; each begins at
 * its first progress or after a time.
 *
 * @param commands their arguments, and the time
 * @param kept directories of those that go on where they were stopped
 */
export async function stopsAtOnce(
  commands: readonly (readonly [args: string[], afterMs?: number])[],
  kept: readonly string[] = [],
) {
  await inDirectory(async (directory) => {
    await writeWork(directory);
    await Promise.all(commands.map(async ([args, afterMs]) => {
      const { code, said } = await interruptTwice(directory, args, afterMs);
      assert.equal(code, 130, `${args.join(" ")}: ${said}`);
    }));
    const left = Array.from(Deno.readDirSync(directory), ({ name }) => name);
    assert.deepEqual(left.sort(), [
      ...kept,
      ...["model", "other", "rows.npy", "wide", "wider"],
    ]);
  });
}
