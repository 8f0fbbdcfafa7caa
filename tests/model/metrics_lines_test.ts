import assert from "node:assert/strict";
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import { metricsIn } from "../../src/model/metrics_lines.ts";
import { fixtureLines } from "../report/fixture.ts";
import { inDirectory } from "../directories.ts";

async function linesOf(text: string) {
  return await inDirectory(async (directory) => {
    const path = join(directory, "metrics.jsonl");
    await Deno.writeTextFile(path, text);
    return await Array.fromAsync(metricsIn(path));
  });
}

Deno.test("metricsIn() reads lines wherever chunks of the file end", async () => {
  const lines = fixtureLines(1000);
  const texts = lines.map((line) => JSON.stringify(line));
  assert(texts.join("").length > 3 * 2 ** 16);
  assert.deepEqual(await linesOf(texts.join("\n")), lines);
  assert.deepEqual(await linesOf(`${texts.join("\n")}\n\n`), lines);
});

Deno.test("metricsIn() gives no lines of a file that is not there", async () => {
  assert.deepEqual(await Array.fromAsync(metricsIn("no such file")), []);
});

Deno.test("metricsIn() refuses what train does not write, with its place", async () => {
  const sound = JSON.stringify(fixtureLines(1)[0]);
  for (
    const [text, message] of [
      ["x\n", /is not JSON.*metrics\.jsonl/],
      ["{}\n", /metrics are damaged.*metrics\.jsonl, row 0/],
      [`${sound}\n[]\n`, /metrics are damaged.*row 1/],
      [sound.replace('"l0":8', '"l0":"8"'), /metrics are damaged/],
      ["x".repeat(2 ** 21), /metrics are damaged/],
    ] as const
  ) {
    await assert.rejects(
      linesOf(text),
      (error: unknown) =>
        error instanceof DbksvdError && error.exitCode === 3 &&
        message.test(error.message),
    );
  }
});
