import assert from "node:assert/strict";
import { buildProgram } from "../../src/cli/program.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../src/options/train_options.ts";
import { FakeIo } from "./fake_io.ts";
import { helpTexts, SNAPSHOTS } from "./help_texts.ts";

Deno.test("every command's help is as its snapshot", async () => {
  for (const [file, text] of helpTexts()) {
    const kept = await Deno.readTextFile(new URL(file, SNAPSHOTS))
      .catch(() => "");
    assert.equal(
      text,
      kept,
      `${file} differs: read it, then \`deno task write-help\` takes it over`,
    );
  }
});

Deno.test("no snapshot is left of a command that is gone", async () => {
  const known = helpTexts();
  for await (const { name } of Deno.readDir(SNAPSHOTS)) assert(known.has(name));
});

Deno.test("every command's help has examples that begin with the program's name", () => {
  for (const [file, text] of helpTexts()) {
    if (!text.includes("Common options:")) continue;
    const examples = text.split("\nExamples:\n")[1]?.trimEnd().split("\n") ??
      [];
    assert(examples.length > 0, file);
    for (const example of examples) {
      assert.match(example, /^ {2}(mpirun -n \d+ )?dbksvd /);
    }
  }
});

Deno.test("train takes every learning parameter, with the library's defaults", () => {
  const program = buildProgram(new FakeIo());
  const train = program.commands.find((command) => command.name() === "train")!;
  for (const [name, value] of Object.entries(DEFAULT_TRAIN_OPTIONS)) {
    const option = train.options.find((one) => one.attributeName() === name);
    assert(option !== undefined, name);
    if (option.isBoolean()) assert.equal(value, false, name);
    else assert.deepEqual(train.opts()[name], value, name);
  }
});
