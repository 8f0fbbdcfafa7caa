import assert from "node:assert/strict";
import { devicesInWords } from "../../src/model/devices.ts";

Deno.test("devicesInWords() names a second device where that trained the decoder", () => {
  const device = { kind: "gpu", name: "A card", software: false, details: {} };
  const by = (kind: string, name: string) => ({
    device: { kind, name, software: false },
  });
  const engine = "A card (GPU engine)";
  assert.equal(devicesInWords({ device }), engine);
  assert.equal(
    devicesInWords({ device, decoder: by("gpu", "A card") }),
    engine,
  );
  assert.equal(
    devicesInWords({ device, decoder: by("cpu", "A processor") }),
    "A card (GPU engine), and as a decoder on A processor",
  );
});
