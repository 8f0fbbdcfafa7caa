import assert from "node:assert/strict";
import { join } from "node:path";
import { inDirectory } from "../directories.ts";
import { withCard } from "../gpu/fake_card.ts";
import { runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";

Deno.test("Threads and workers are asked for within what a machine can bear", async () => {
  for (const option of ["--threads", "--decode-workers"]) {
    const { code, stderr } = await runCli(
      ["train", SAMPLE, "--dry-run", "--device", "cpu", option, "99999"],
    );
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`${option}.* from [01] to \\d+`));
  }
});

Deno.test("Where hardly any file may be open, that is what is said", async () => {
  const program = join(Deno.cwd(), "src/cli/main.ts");
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -n 32; exec "$0" run -A --no-check "$@"',
      ...[Deno.execPath(), program, "train", SAMPLE, "--max-rows", "300"],
      ...["--device", "cpu", "--threads", "2", "--dry-run"],
    ],
  }).output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /^dbksvd train: Too few files may be open at once: .*ulimit -n 1024$/m,
  );
});

Deno.test("A message is one line, whatever the names of files hold", async () => {
  const { stderr } = await runCli(["train", "no\nfile\x1b.npy", "--dry-run"]);
  assert.match(
    stderr,
    /^dbksvd train: File not found \(no\\nfile\\x1b.npy\).*\n$/,
  );
});

Deno.test("inspect refuses two looks at once", async () => {
  const { code, stderr } = await runCli(
    ["inspect", "model", "--atom", "1", "--row", "2"],
  );
  assert.equal(code, 2);
  assert.match(stderr, /--atom and --row ask for two looks: give one/);
});

Deno.test("inspect refuses a search for nothing", async () => {
  const { code, stderr } = await runCli(["inspect", "model", "--search", " "]);
  assert.equal(code, 2);
  assert.match(stderr, /--search is empty: give words/);
});

Deno.test("A dry run says where the processor would train a decoder in place of a GPU without room for it", async () => {
  const { code, stdout } = await withCard({ binding: 2 ** 14 }, () =>
    runCli([
      ...["train", SAMPLE, "--max-rows", "500", "--atoms", "40"],
      ...["--sparsity", "3", "--decoder-steps", "5", "--dry-run"],
    ]));
  assert.equal(code, 0);
  assert.match(
    stdout,
    /for 5 steps of the decoder\nOne buffer may hold .* for codes and lists: the processor trains the autoencoder\nA card: /,
  );
});

Deno.test("A dry run refuses what the run would: too few rows, a start that is not there, places it may not write to", () =>
  inDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    const out = join(directory, "model");
    for (
      const [args, expected, message] of [
        [["--max-rows", "40", "--atoms", "64"], 3, /fewer training rows/],
        [["--init", join(directory, "none")], 3, /none/],
        [["--tensorboard", join(file, "tb")], 1, /Cannot write/],
        [["--like", join(directory, "none")], 2, /none.*path given to --like/],
        [["--max-norm-quantile", "2"], 2, /--max-norm-quantile.*at most 1/],
      ] as const
    ) {
      const { code, stderr } = await runCli([
        ...["train", SAMPLE, "--dry-run", "--device", "cpu", "--out", out],
        ...["--max-rows", "400", "--atoms", "16", "--sparsity", "2", ...args],
      ]);
      assert.match(stderr, message);
      assert.equal(code, expected, stderr);
    }
  }));
