import assert from "node:assert/strict";
import { runCli } from "./fake_io.ts";

Deno.test("run() shows the help where nothing is asked for", async () => {
  const { code, stdout, stderr } = await runCli([]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: dbksvd /);
  assert.equal(stderr, "");
});

Deno.test("run() shows the version", async () => {
  const { code, stdout } = await runCli(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

Deno.test("run() puts the version into one JSON document with --json", async () => {
  for (const args of [["--version", "--json"], ["--json", "-V"]]) {
    const { code, stdout } = await runCli(args);
    assert.equal(code, 0);
    assert.match(JSON.parse(stdout).version, /^\d+\.\d+\.\d+$/);
  }
});

Deno.test("run() drops the -- that deno task passes on, before or after the command", async () => {
  for (const args of [["--", "train", "--help"], ["train", "--", "--help"]]) {
    const { code, stdout } = await runCli(args);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: dbksvd train /);
  }
});

Deno.test("run() exits 2 with one line for an unknown option, naming the near one", async () => {
  const { code, stdout, stderr } = await runCli(["train", "--atomes", "3"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "dbksvd train: Unknown option '--atomes' (Did you mean --atoms?); see dbksvd train --help\n",
  );
});

Deno.test("run() exits 2 for an unknown command, naming the near one", async () => {
  const { code, stderr } = await runCli(["trian"]);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "dbksvd: Unknown command 'trian' (Did you mean train?); see dbksvd --help\n",
  );
});

Deno.test("run() ends a message that asks with its question mark alone", async () => {
  const { stderr } = await runCli(["sweep", "--vary", "ridg=1"]);
  assert(stderr.endsWith("did you mean ridge? See dbksvd sweep --help\n"));
});

Deno.test("run() exits 2 with one line where a group's command is missing", async () => {
  const { code, stdout, stderr } = await runCli(["pipeline"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "dbksvd pipeline: A command is missing; see dbksvd pipeline --help\n",
  );
});

Deno.test("run() refuses a benchmark of more nonzeros than atoms or dimensions", async () => {
  for (const sizes of [["--m", "16"], ["--n", "16"]]) {
    const { code, stderr } = await runCli(["bench", "--k", "17", ...sizes]);
    assert.equal(code, 2);
    assert.match(stderr, /--k is "17": it takes at most .*\(16\)\n$/);
  }
});

Deno.test("run() puts an error into one JSON document with --json", async () => {
  const { code, stdout, stderr } = await runCli(
    ["train", "--atoms", "few", "--json"],
  );
  assert.equal(code, 2);
  assert.equal(stderr, "");
  const { error } = JSON.parse(stdout);
  assert.equal(error.kind, "usage");
  assert.match(error.message, /'few' is invalid/);
});

Deno.test("run() shows a stack at the debug level only", async () => {
  const args = ["train", "/no/such/file.parquet"];
  assert.equal((await runCli(args)).stderr.split("\n").length, 2);
  const debug = await runCli([...args, "--log-level", "debug"]);
  assert.match(debug.stderr, /\n +at /);
});
