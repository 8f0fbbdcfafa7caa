import assert from "node:assert/strict";
import { assertAnswer } from "../cli/documents.ts";

/** The folder of the repository. */
export const ROOT = new URL("../../", import.meta.url);

/** The sample, from there. */
export const SAMPLE = "samples/glove-10k.parquet";

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** `deno task …` as a user types it: with the permissions of the task and no more. */
export async function task(...args: string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** What a task prints with `--json`, which has to be as its schema says. */
export async function json(...args: string[]) {
  const { code, stdout, stderr } = await task(...args, "--json");
  assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  assertAnswer(args, code, stdout);
  return JSON.parse(stdout);
}

/** The one line that a task prints that ends with a code. */
export async function failing(
  code: number,
  ...args: string[]
): Promise<string> {
  const ran = await task(...args);
  assert.equal(ran.code, code, ran.stdout + ran.stderr);
  assert.equal(ran.stdout, "");
  const lines = ran.stderr.trimEnd().split("\n");
  assert.equal(lines.length, 1, ran.stderr);
  return lines[0];
}
