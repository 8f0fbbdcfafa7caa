// An engine that answers its creation and then never again: what a hung submit looks like from outside.
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { serveEngine } from "../../src/engine/worker/host.ts";

serveEngine(async (spec) => {
  const engine = await createReferenceEngine(spec);
  return Object.assign(engine, {
    info: { ...engine.info, kind: "gpu" as const },
    reports: () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return Promise.resolve([]);
    },
  });
});
