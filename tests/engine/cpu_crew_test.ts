import assert from "node:assert/strict";
import { Crew, HEAD_BYTES } from "../../src/engine/cpu/crew.ts";

const MUCH = 1e9;

function crewOf(run: (phase: number, task: number) => void) {
  const pages = Math.ceil(HEAD_BYTES / 65536);
  const limits = { initial: pages, maximum: pages, shared: true };
  let hired = 0, ended = 0;
  // A thread that never comes: its work is done by the others.
  const hire = () => {
    hired++;
    return { terminate: () => void ended++ } as unknown as Worker;
  };
  const memory = new WebAssembly.Memory(limits);
  const crew = new Crew(memory, 3, run, hire);
  return { crew, hired: () => hired, ended: () => ended };
}

Deno.test("a crew does every task once, whoever comes, and starts threads only for work enough", () => {
  const done: string[] = [];
  const { crew, hired, ended } = crewOf((phase, task) =>
    done.push(`${phase}.${task}`)
  );
  crew.run(1, 3, 10);
  assert.equal(hired(), 0);
  const counts: number[] = [];
  crew.run(2, 2, MUCH, (count) => counts.push(count));
  crew.run(3, 2, MUCH);
  assert.equal(hired(), 2);
  assert.deepEqual(done, ["1.0", "1.1", "1.2", "2.0", "2.1", "3.0", "3.1"]);
  assert.deepEqual(counts, [1, 2]);
  crew.close();
  assert.equal(ended(), 2);
});

Deno.test("a crew throws what the first task that fails threw, when the phase has ended", () => {
  const done: number[] = [];
  const { crew } = crewOf((_, task) => {
    done.push(task);
    if (task > 0) throw new Error(`task ${task} failed`);
  });
  assert.throws(() => crew.run(0, 3, MUCH), /task 1 failed/);
  assert.deepEqual(done, [0, 1, 2]);
});
