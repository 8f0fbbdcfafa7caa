import assert from "node:assert/strict";
import { solo, type Summable } from "../../src/distributed/communicator.ts";
import {
  groupEngine,
  iterateTogether,
} from "../../src/distributed/iteration.ts";
import { HostedEngine } from "../../src/distributed/mpi/hosted.ts";
import { createCpuEngine } from "../../src/engine/cpu.ts";
import { createEngine } from "../../src/engine/create.ts";
import type { EngineSpec } from "../../src/engine/engine.ts";
import type { JoinedEngine } from "../../src/engine/group_engine.ts";
import type { Reply } from "../../src/engine/worker/protocol.ts";
import { plainSpec } from "../engine/engines.ts";
import { stepOf } from "../engine/iterated.ts";
import { plant } from "../engine/planted.ts";

const SIZES = { width: 13, atoms: 24, rows: 90, sparsity: 3 };
const SPEC = plainSpec(SIZES, {});
const { data, dictionary } = plant(SIZES, 0.3, "joined");
const STEP = stepOf(SPEC, { atomBatch: 7, replace: Uint32Array.of(2) });
const WAY = { parts: Uint32Array.of(40, 0, 50), sharesGram: true };

const rows = () => ({ data: data.slice(), rows: SIZES.rows });

async function joined(spec: EngineSpec): Promise<JoinedEngine> {
  const { engineThread } = solo();
  const options = { device: "cpu" as const, thread: engineThread };
  const engine = await createEngine(spec, options);
  await engine.loadDictionary(dictionary);
  return engine as JoinedEngine;
}

Deno.test("an engine in its group's thread iterates to the bytes of one that is called from another one", async () => {
  for (const sumType of ["f32", "f64"] as const) {
    const there = await joined(SPEC);
    const here = groupEngine(await createCpuEngine(SPEC));
    await here.loadDictionary(dictionary);
    const way = { ...WAY, sumType };
    // Called ahead: two wait in the thread.
    const reports = await Promise.all([
      there.iterateTogether(rows(), STEP, way),
      there.iterateTogether(rows(), STEP, way),
    ]);
    for (const { codingError, usage } of reports) {
      const one = await iterateTogether(here, solo(), rows(), STEP, way);
      assert.equal(codingError, one.codingError);
      assert.deepEqual(usage, one.usage);
    }
    assert.deepEqual(await there.readDictionary(), await here.readDictionary());
    await Promise.all([there.close(), here.close()]);
  }
});

Deno.test("after an iteration that fails, none goes on that was called ahead", async () => {
  const engine = await joined(SPEC);
  const way = { ...WAY, sumType: "f64" as const };
  const most = SPEC.sampleBatch;
  const tooMany = {
    data: new Float32Array((most + 1) * SIZES.width),
    rows: most + 1,
  };
  const ended = await Promise.allSettled([
    engine.iterateTogether(tooMany, STEP, way),
    engine.iterateTogether(rows(), STEP, way),
  ]);
  for (const one of ended) {
    assert.equal(one.status, "rejected");
    assert.match(String(one.reason), /made for \d+ rows at a time/);
  }
  await engine.close();
});

Deno.test("an engine in a thread of others is closed there once it was ended, and not listened to any more", () => {
  const asked: unknown[] = [], said: Reply[] = [];
  const start = () => {
    const engine = new HostedEngine((request) =>
      void asked.push("call" in request ? request.call : "create")
    );
    engine.onmessage = ({ data }) => void said.push(data);
    engine.postMessage({ id: 0, call: "finish", args: [] });
    engine.take({ id: 0, value: 1 });
    return engine;
  };
  const ended = start();
  ended.terminate();
  ended.take({ id: 1, error: { what: "late" } });
  const closed = start();
  closed.postMessage({ id: 1, call: "close", args: [] });
  closed.terminate();
  assert.deepEqual(asked, ["finish", "close", "finish", "close"]);
  assert.deepEqual(said, [{ id: 0, value: 1 }, { id: 0, value: 1 }]);
});

Deno.test("a group on another thread gets sums in arrays of their own, which it may hand over", async () => {
  const engines = [
    groupEngine(await createCpuEngine(SPEC)),
    groupEngine(await createEngine(SPEC, { device: "cpu" })),
  ];
  for (const engine of engines) {
    await engine.loadDictionary(dictionary);
    const group = {
      ...solo(),
      sum: <T extends Summable>(values: T) =>
        Promise.resolve(structuredClone(values, { transfer: [values.buffer] })),
    };
    const way = { ...WAY, sumType: "f32" as const };
    await iterateTogether(engine, group, rows(), STEP, way);
    await engine.close();
  }
});
