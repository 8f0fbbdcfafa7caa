import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory, namesIn } from "../directories.ts";
import { writeClassedRows } from "../probing/classed_rows.ts";
import { assertDocument } from "./documents.ts";
import { runCli } from "./fake_io.ts";

Deno.test("sweep keeps its models with a table and a page, and probes them for classes", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet"), out = join(directory, "out");
    writeClassedRows(rows);
    const args = [
      ...["sweep", rows, "--column", "vector", "--atoms", "30,60"],
      ...["--sparsity", "3", "--vary", "nonnegative=false,true"],
      ...["--passes", "3", "--holdout", "1200", "--device", "cpu"],
      ...["--class", "topic", "--min-rows", "50", "--out", out],
    ];
    const { code, stdout, stderr } = await runCli(args);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /nonnegative .* accuracy by 1 +accuracy by 2 +accuracy by 5 +time +front/,
    );
    assert.match(stdout, /\nModels in .*out\/, page in .*report\.html\n$/);
    assert.deepEqual(await namesIn(out), [
      "m30-k3-nonnegative-false",
      "m30-k3-nonnegative-true",
      "m60-k3-nonnegative-false",
      "m60-k3-nonnegative-true",
      "report.html",
      "sweep.json",
    ]);
    const again = await runCli([...args, "--json"]);
    assert.match(again.stderr, /is finished/);
    const { runs } = JSON.parse(again.stdout);
    const table = JSON.parse(await Deno.readTextFile(join(out, "sweep.json")));
    assertDocument("sweep-table", table);
    assert.deepEqual(table.runs, runs);
    assert(runs[3].accuracy["5"] > 0.8, "latents tell the planted classes");
    assert(runs.some((run: { front: boolean }) => run.front));
    // The models are those of train, which find their held-out rows again.
    const { model, fvu } = runs[3];
    const measured = await runCli([
      ...["evaluate", model, "--device", "cpu", "--json"],
    ]);
    const { metrics } = JSON.parse(measured.stdout);
    assert(Math.abs(metrics.fvu - fvu) < 1e-9, measured.stderr);
  });
});

Deno.test("sweep refuses classes that cannot be probed for before it trains", async () => {
  await inDirectory(async (directory) => {
    const rows = join(directory, "rows.parquet"), out = join(directory, "out");
    writeClassedRows(rows);
    const args = ["sweep", rows, "--column", "vector", "--out", out];
    const refused = async (more: string[], code: number, message: RegExp) => {
      const ran = await runCli([...args, ...more, "--device", "cpu"]);
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, message);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
    };
    await refused(["--class", "tropic"], 3, /tropic/);
    await refused(["--class", "topic"], 3, /--min-rows/);
    await refused(["--vary", "passes=0"], 2, /whole number from 1/);
    const both = ["--for", "probing", "--vary", "for=rebuild"];
    await refused(both, 2, /say the same/);
  });
});
