import { basename, join } from "node:path";
import { writeFileAtomically } from "../files/atomic.ts";
import type { ProbeResult } from "../metrics/probe_result.ts";
import { PROBE_FILE } from "../report/kept_probe.ts";

/**
 * Keeps what a probe found in the model's directory, as `probe.json`, and writes the report again with a section of it.
 *
 * @param directory the model directory that was probed
 * @param result what was found, the model under its directory's name
 * @param rowsName what the rows are, in words
 * @throws {DbksvdError} `run` where a file cannot be written
 */
export async function keepProbe(
  directory: string,
  result: ProbeResult,
  rowsName: string,
): Promise<void> {
  const { reportForModel } = await import("../report/report.ts");
  const { rows, scores, best, atoms } = result;
  const kept = { model: directory, rows, rowsName, scores, best, atoms };
  const write = (name: string, text: string) =>
    writeFileAtomically(join(directory, basename(name)), [
      new TextEncoder().encode(text),
    ]);
  await write(PROBE_FILE, `${JSON.stringify(kept, null, 2)}\n`);
  await write("report.html", await reportForModel(directory));
}
