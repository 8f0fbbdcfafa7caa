// An engine whose calls fail, each in its own way.
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { serveEngine } from "../../src/engine/worker/host.ts";
import { DbksvdError } from "../../src/errors.ts";

serveEngine(async (spec, { onNotice }) => {
  onNotice?.("made");
  if (spec.width === 1) throw new RangeError("Too narrow");
  return Object.assign(await createReferenceEngine(spec), {
    holdRows: () => Promise.resolve(undefined),
    iterate: () => {
      throw new DbksvdError("device", "The GPU was lost", {
        where: { stage: "update", batch: 7 },
        mend: "buy another",
      });
    },
    encode: () => Promise.reject(new DOMException("Lost", "OperationError")),
    readDictionary: () => {
      setTimeout(() => {
        throw new Error("Out of the blue");
      });
      return new Promise<Float32Array>(() => {});
    },
  });
});
