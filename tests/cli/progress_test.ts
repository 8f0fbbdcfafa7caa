import assert from "node:assert/strict";
import { createProgress } from "../../src/cli/progress.ts";
import type { Session } from "../../src/cli/session.ts";
import { TrainingProgress } from "../../src/cli/training_progress.ts";
import { FakeIo } from "./fake_io.ts";

const HALF = { done: 500, total: 1000, unit: "rows", fvu: 0.25 };

function onTerminal(width: number): FakeIo {
  const io = new FakeIo();
  io.terminal = true;
  io.width = width;
  return io;
}

const barOf = (io: FakeIo) => io.stderr.split("\x1b[2K").at(-1)!;
const linesOf = (io: FakeIo) => io.stderr.split("\n").slice(0, -1);

Deno.test("createProgress() writes a line at each phase, each ten seconds of the first minute, then each minute", () => {
  const io = new FakeIo();
  const progress = createProgress(io, "train", false);
  progress.update({ ...HALF, phase: "reading", done: 0, fvu: undefined });
  io.wait(5_000);
  progress.update({ ...HALF, phase: "training", done: 0 });
  assert.deepEqual(linesOf(io), [
    "train: reading, 0%, 0 of 1 000 rows, 0.0 s",
    "train: training, 0%, 0 of 1 000 rows, 5.0 s, FVU 0.2500",
  ]);
  io.stderr = "";
  io.wait(10_000);
  assert.equal(linesOf(io).length, 1, "also where nothing came meanwhile");
  io.wait(45_000);
  assert.equal(linesOf(io).length, 5);
  io.stderr = "";
  io.wait(120_000);
  assert.equal(linesOf(io).length, 2);
});

Deno.test("createProgress() reckons rate and ETA from where a resumed job began", () => {
  const io = new FakeIo();
  const progress = createProgress(io, "train", false);
  progress.update({ ...HALF, done: 900 });
  io.wait(9_000);
  io.clock += 1_000;
  progress.update({ ...HALF, done: 910 });
  assert.match(
    linesOf(io).at(-1)!,
    /91%, 910 of 1 000 rows, 1 rows\/s, ETA 1 min 30 s/,
  );
});

Deno.test("createProgress() draws a bar that moves by the clock alone", () => {
  const io = onTerminal(80);
  const progress = createProgress(io, "train", false);
  progress.update({ ...HALF, done: 0 });
  io.wait(2_000);
  const before = barOf(io);
  io.wait(2_000);
  assert.notEqual(barOf(io), before);
  progress.finish();
  io.stderr = "";
  io.wait(5_000);
  assert.equal(io.stderr, "", "a finished bar is not drawn again");
});

Deno.test("createProgress() fits a bar into 120, 80, 40 and 20 columns, and shows share, ETA and FVU as long as it can", () => {
  const bars = [120, 80, 40, 20].map((width) => {
    const io = onTerminal(width);
    const progress = createProgress(io, "train", false);
    const state = { ...HALF, phase: "training", total: 1_800_000, busy: 0.934 };
    progress.update({ ...state, done: 0 });
    io.clock = 2_000;
    progress.update({ ...state, done: 900_000 });
    assert([...barOf(io)].length < width, barOf(io));
    return barOf(io);
  });
  assert.deepEqual(bars, [
    "train ██████████░░░░░░░░░ training, 50%, 900 000 of 1 800 000 rows, 450 000 rows/s, ETA 2.0 s, FVU 0.2500, GPU busy 93%",
    "train █████░░░░ training, 50%, 900 000 of 1 800 000 rows, ETA 2.0 s, FVU 0.2500",
    "train 50%, ETA 2.0 s, FVU 0.2500",
    "train █████░░░░ 50%",
  ]);
});

Deno.test("createProgress() keeps the bar below a line that is written meanwhile", () => {
  const io = onTerminal(80);
  const progress = createProgress(io, "train", false);
  progress.update(HALF);
  const bar = barOf(io);
  io.stderr = "";
  progress.line("a notice");
  assert.equal(io.stderr, `\r\x1b[2Ka notice\n${bar}`);
});

Deno.test("createProgress() breaks notices between words on a terminal, and nowhere else", () => {
  const notice = "Only a software GPU driver found: the CPU engine works";
  const io = onTerminal(30);
  createProgress(io, "train", false).line(notice);
  assert.deepEqual(linesOf(io), [
    "Only a software GPU driver",
    "found: the CPU engine works",
  ]);
  const plain = new FakeIo();
  createProgress(plain, "train", false).line(notice);
  assert.equal(plain.stderr, `${notice}\n`);
});

Deno.test("createProgress() is silent when quiet", () => {
  const io = new FakeIo();
  const progress = createProgress(io, "train", true);
  progress.update(HALF);
  io.wait(60_000);
  progress.update(HALF);
  progress.finish();
  assert.equal(io.stderr, "");
});

Deno.test("a training shows rows coded within a batch as seen, and none that are coded once its passes are over", () => {
  const shown: string[] = [];
  const progress = {
    update: ({ phase, done }: { phase: string; done: number }) =>
      shown.push(`${phase} ${done}`),
  };
  const session = { io: new FakeIo(), progress } as unknown as Session;
  const { onActivity, onProgress } = new TrainingProgress(session).run({
    device: "cpu",
  });
  const coding = { stage: "coding", done: 30, total: 100 };
  onActivity!({ stage: "reading", done: 5, total: 10 });
  onActivity!(coding);
  const line = { rowsSeen: 100, updatedFvu: 0.5, milliseconds: 1 };
  const plan = { passes: 2, batches: [100, 100] };
  onProgress!([line] as never, plan as never);
  onActivity!(coding);
  onActivity!({ stage: "decoder", done: 7, total: 9 });
  onActivity!(coding);
  onActivity!({ stage: "measuring", done: 1, total: 2 });
  onActivity!(coding);
  assert.deepEqual(shown, [
    ...["reading 5", "first batch 30", "training 100", "training 130"],
    ...["training the decoder 7", "measuring 1"],
  ]);
});
