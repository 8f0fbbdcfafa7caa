import assert from "node:assert/strict";
import { createProgress } from "../../src/cli/progress.ts";
import { FakeIo } from "./fake_io.ts";

const HALF = { done: 500, total: 1000, unit: "rows", fvu: 0.25 };

Deno.test("createProgress() writes a plain line each ten seconds where there is no terminal", () => {
  const io = new FakeIo();
  const progress = createProgress(io, "train", false);
  io.clock = 9_000;
  progress.update(HALF);
  assert.equal(io.stderr, "");
  io.clock = 10_000;
  progress.update(HALF);
  io.clock = 15_000;
  progress.update({ ...HALF, done: 600 });
  assert.equal(
    io.stderr,
    "train: 50%, 500 of 1 000 rows, 50 rows/s, ETA 10 s, FVU 0.2500\n",
  );
});

Deno.test("createProgress() draws a bar within the terminal's width and takes it away", () => {
  const io = new FakeIo();
  io.terminal = true;
  io.width = 60;
  const progress = createProgress(io, "train", false);
  io.clock = 2_000;
  progress.update({ ...HALF, busy: 0.934 });
  const bar = io.stderr.split("\x1b[2K").at(-1)!;
  assert.match(bar, /^train █{12}░{12} 50%, 500 of/);
  assert.equal([...bar].length, 59);
  progress.finish();
  assert(io.stderr.endsWith("\r\x1b[2K"));
});

Deno.test("createProgress() tells the GPU's busy share", () => {
  const io = new FakeIo();
  io.terminal = true;
  io.width = 200;
  const progress = createProgress(io, "train", false);
  progress.update({ ...HALF, busy: 0.934 });
  assert.match(io.stderr, /FVU 0\.2500, GPU busy 93%$/);
});

Deno.test("createProgress() keeps the bar below a line that is written meanwhile", () => {
  const io = new FakeIo();
  io.terminal = true;
  const progress = createProgress(io, "train", false);
  progress.update(HALF);
  const bar = io.stderr.split("\x1b[2K").at(-1)!;
  io.stderr = "";
  progress.line("a notice");
  assert.equal(io.stderr, `\r\x1b[2Ka notice\n${bar}`);
});

Deno.test("createProgress() is silent when quiet", () => {
  const io = new FakeIo();
  const progress = createProgress(io, "train", true);
  io.clock = 60_000;
  progress.update(HALF);
  progress.finish();
  assert.equal(io.stderr, "");
});
