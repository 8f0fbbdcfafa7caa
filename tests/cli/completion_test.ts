import assert from "node:assert/strict";
import { SHELLS } from "../../src/cli/completion.ts";
import { runCli } from "./fake_io.ts";

// What bash offers for the words of a command line, the last one being typed.
async function bashOffers(words: string[]): Promise<string[]> {
  const { stdout } = await runCli(["completions", "bash"]);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const { stdout: offered, success, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      `${stdout}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
      _dbksvd; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(offered).trim().split("\n");
}

Deno.test("completions bash offers commands, options and the values of an option", async () => {
  assert.deepEqual(await bashOffers(["dbksvd", "tra"]), ["train"]);
  assert.deepEqual(await bashOffers(["dbksvd", "train", "--spa"]), [
    "--sparsity",
  ]);
  assert.deepEqual(await bashOffers(["dbksvd", "train", "--coder", ""]), [
    "omp",
    "mp",
  ]);
  assert.deepEqual(await bashOffers(["dbksvd", "completions", "z"]), ["zsh"]);
});

Deno.test("completions bash offers files where no word fits", async () => {
  const file = await Deno.makeTempFile({ prefix: "rows-", suffix: ".parquet" });
  const typed = file.slice(0, -12);
  assert.deepEqual(await bashOffers(["dbksvd", "train", typed]), [file]);
  await Deno.remove(file);
});

Deno.test("completions names every command and option for every shell", async () => {
  for (const shell of SHELLS) {
    const { code, stdout } = await runCli(["completions", shell]);
    assert.equal(code, 0);
    for (const word of ["train", "completions", "sample-batch", "log-level"]) {
      assert(stdout.includes(word), `${shell} lacks ${word}`);
    }
  }
});

Deno.test("completions refuses a shell it does not know", async () => {
  const { code, stderr } = await runCli(["completions", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});
