import assert from "node:assert/strict";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { transfersOf } from "../../src/engine/worker/protocol.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { createEngine } from "../../src/engine/create.ts";
import {
  engineInWorker,
  type WorkerEngineOptions,
} from "../../src/engine/worker/client.ts";
import type { EngineThread } from "../../src/engine/worker/line.ts";
import { DbksvdError } from "../../src/errors.ts";
import { noise } from "../reliability/runs.ts";

const WIDTH = 6, ATOMS = 8, ROWS = 40;
const MANY_ROWS = 100_000;

function spec(width = WIDTH): EngineSpec {
  return {
    width,
    atoms: ATOMS,
    groups: [ATOMS],
    coder: {
      method: "omp",
      sparsity: 1,
      nonnegative: false,
      tolerance: 0,
      refit: false,
    },
    normalisation: { mean: new Float32Array(width), scale: 1 },
    sampleBatch: MANY_ROWS,
    powerSteps: 1,
    exact: false,
    gram: "f32",
    rows: "f32",
  };
}

const STEP = {
  order: Uint32Array.from({ length: ATOMS }, (_, j) => j),
  atomBatch: 1,
  ridge: 0,
  replace: new Uint32Array(0),
};

function unitAtoms(): Float32Array {
  const atoms = noise(ATOMS, WIDTH, 3);
  for (let j = 0; j < ATOMS; j++) {
    const atom = atoms.subarray(j * WIDTH, (j + 1) * WIDTH);
    const length = Math.hypot(...atom);
    atom.forEach((value, p) => atom[p] = value / length);
  }
  return atoms;
}

function start(
  name: string,
  options: Partial<WorkerEngineOptions> = {},
  width?: number,
): Promise<Engine> {
  const worker = new Worker(new URL(name, import.meta.url), { type: "module" });
  return engineInWorker(worker, spec(width), { device: "auto", ...options });
}

async function through(engine: Engine) {
  await engine.loadDictionary(unitAtoms());
  const held = await engine.holdRows({ data: noise(ROWS, WIDTH), rows: ROWS });
  await engine.iterate({ held: held!, rows: ROWS }, STEP);
  await engine.iterate({ data: noise(ROWS, WIDTH, 2), rows: ROWS }, STEP);
  const reports = await engine.reports();
  const dictionary = await engine.readDictionary();
  const codes = await engine.encode({ data: noise(ROWS, WIDTH), rows: ROWS });
  await engine.close();
  return {
    errors: reports.map(({ codingError, updatedError, usage }) => ({
      codingError,
      updatedError,
      usage,
    })),
    dictionary,
    codes,
  };
}

Deno.test("createEngine() gives what the engine in this thread gives", async () => {
  const worker = await createEngine(spec(), { device: "cpu" });
  const here = await createCpuEngine(spec());
  assert.deepEqual(worker.info, here.info);
  assert.deepEqual(await through(worker), await through(here));
});

Deno.test("createEngine() hands rows over instead of copying them, and gives them back where they are not held", async () => {
  const engine = await createEngine(spec(), { device: "cpu" });
  await engine.loadDictionary(unitAtoms());
  const given = noise(ROWS, WIDTH);
  await engine.iterate({ data: given, rows: ROWS }, STEP);
  assert.equal(given.length, 0);
  await engine.close();
  const refusing = await start("./failing_worker.ts");
  const rows = { data: noise(ROWS, WIDTH), rows: ROWS };
  assert.equal(await refusing.holdRows(rows), undefined);
  assert.deepEqual(rows.data, noise(ROWS, WIDTH));
  await refusing.close();
});

Deno.test("createEngine() gives the memory of rows back once the engine has taken them in, for rows to come", async () => {
  const engine = await createEngine(spec(), { device: "cpu" });
  await engine.loadDictionary(unitAtoms());
  const released: number[] = [];
  const rows = {
    data: noise(ROWS, WIDTH),
    rows: ROWS,
    release: () => void released.push(rows.data.length),
  };
  await engine.iterate(rows, STEP);
  await engine.reports();
  assert.deepEqual(released, [ROWS * WIDTH]);
  await engine.close();
});

Deno.test("createEngine() leaves the caller's thread free while the engine works", async () => {
  const engine = await createEngine(spec(), { device: "cpu" });
  await engine.loadDictionary(unitAtoms());
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await engine.encode({ data: noise(MANY_ROWS, WIDTH), rows: MANY_ROWS });
  clearInterval(timer);
  assert(turns > 0);
  await engine.close();
});

Deno.test("engineInWorker() lets one batch wait in the worker beside the one at work, and no more", async () => {
  // The worker hangs in its first call, so that no batch is ever done.
  const engine = await start("./hung_worker.ts");
  engine.reports().catch(() => {});
  const returned: number[] = [];
  for (const call of [1, 2, 3]) {
    engine.iterate({ data: noise(ROWS, WIDTH), rows: ROWS }, STEP)
      .then(() => returned.push(call), () => {});
  }
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(returned, [1]);
  await engine.close();
});

Deno.test("engineInWorker() raises the engine's errors with their kind, place and remedy", async () => {
  const notices: string[] = [];
  const engine = await start("./failing_worker.ts", {
    onNotice: (notice) => notices.push(notice),
  });
  assert.deepEqual(notices, ["made"]);
  await engine.iterate({ data: noise(ROWS, WIDTH), rows: ROWS }, STEP);
  await assert.rejects(engine.reports(), (error: unknown) => {
    assert(error instanceof DbksvdError);
    assert.equal(error.exitCode, 4);
    assert.deepEqual(error.where, { stage: "update", batch: 7 });
    assert.equal(
      error.message,
      "The GPU was lost (stage update, batch 7): buy another",
    );
    return true;
  });
  await engine.close();
});

Deno.test("engineInWorker() names a failure to make the engine, and one of its thread", async () => {
  await assert.rejects(
    start("./failing_worker.ts", {}, 1),
    /The engine failed: RangeError: Too narrow/,
  );
  const engine = await start("./failing_worker.ts");
  await assert.rejects(engine.readDictionary(), /Out of the blue/);
  await assert.rejects(engine.reports(), /Out of the blue/);
  await engine.close();
});

Deno.test("engineInWorker() takes what WebGPU throws for a failure of the device", async () => {
  const engine = await start("./failing_worker.ts");
  await assert.rejects(
    engine.encode({ data: noise(ROWS, WIDTH), rows: ROWS }),
    (error: unknown) =>
      error instanceof DbksvdError && error.kind === "device" &&
      /The GPU failed: Lost \(OperationError\)/.test(error.message),
  );
  await engine.close();
});

Deno.test("engineInWorker() ends an engine that no longer answers, in every call that waits", async () => {
  const engine = await start("./hung_worker.ts", { watchdogSeconds: 6 });
  await engine.loadDictionary(unitAtoms());
  const waiting = [engine.reports(), engine.readDictionary()];
  const outcomes = await Promise.allSettled(waiting);
  for (const outcome of outcomes) {
    assert(outcome.status === "rejected");
    assert(outcome.reason instanceof DbksvdError);
    assert.equal(outcome.reason.kind, "device");
    assert.match(outcome.reason.message, /not answered for 6 s.*--resume/);
  }
  await engine.close();
});

Deno.test("engineInWorker() does not take an engine for hung that says it waits for other processes", async () => {
  const thread: EngineThread = {
    onmessage: null,
    onerror: null,
    terminate: () => {},
    postMessage({ id, ...asked }: { id: number }) {
      const say = (reply: unknown) =>
        thread.onmessage?.call(
          thread as Worker,
          { data: reply } as MessageEvent,
        );
      if (!("call" in asked) || asked.call !== "readDictionary") {
        const info = { kind: "gpu", software: false };
        setTimeout(() => say({ id, value: { info } }));
        return;
      }
      let signs = 0;
      const timer = setInterval(() => {
        if (++signs < 20) return say({ waits: true });
        clearInterval(timer);
        say({ id, value: unitAtoms() });
      }, 150);
    },
  };
  const options = { watchdogSeconds: 1.5 };
  const engine = await engineInWorker(thread, spec(), options);
  assert.deepEqual(await engine.readDictionary(), unitAtoms());
  await engine.close();
});

Deno.test("engineInWorker() ends at once when its signal fires, though the engine is busy", async () => {
  const controller = new AbortController();
  const engine = await start("./hung_worker.ts", { signal: controller.signal });
  const waiting = engine.reports();
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await engine.close();
});

Deno.test("transfersOf() hands over the buffers of rows, and no views of something else", () => {
  const whole = new Float32Array(100), roomy = new Float32Array(100);
  const other = new Float32Array(100);
  const given = transfersOf([
    whole,
    whole,
    roomy.subarray(0, 90),
    other.subarray(0, 50),
    other.subarray(10),
    7,
  ]);
  assert.deepEqual(given, [whole.buffer, roomy.buffer]);
});
