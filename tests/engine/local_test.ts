import assert from "node:assert/strict";
import type { DeviceChoice } from "../../src/engine/engine.ts";
import { createLocalEngine } from "../../src/engine/local.ts";
import { withCard } from "../gpu/fake_card.ts";
import { plainSpec } from "./engines.ts";

const SPEC = plainSpec({ rows: 100, width: 6, atoms: 40, sparsity: 3 });

async function made(device: DeviceChoice, binding: number) {
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const engine = await withCard(
    { binding },
    () => createLocalEngine(SPEC, { device, threads: 1, onNotice }),
  );
  await engine.close();
  return { kind: engine.info.kind, notices };
}

Deno.test("the CPU engine works in the place of a card without room that was not asked for by name, and says why", async () => {
  const { kind, notices } = await made("auto", 1024);
  assert.equal(kind, "cpu");
  assert.match(
    notices.join("\n"),
    /^One buffer may hold .*: the CPU engine does the work$/,
  );
  await assert.rejects(made("gpu", 1024), /One buffer may hold/);
});
