import assert from "node:assert/strict";
import { runCard } from "../../src/bench/card.ts";
import { CARD_CASES } from "../../src/bench/card_cases.ts";
import { cardTable } from "../../src/bench/card_table.ts";
import { assertDocument } from "../cli/documents.ts";
import { inDirectory, namesIn } from "../directories.ts";

const OPTIONS = { scale: 512, peer: false, minutes: Infinity };

Deno.test("runCard() writes a document a case, and keeps it when it is run again", () =>
  inDirectory(async (out) => {
    const only = ["k20", "train-mp"];
    const first = await runCard({ ...OPTIONS, out, only });
    assert.deepEqual(first.cases.map(({ state }) => state), [
      "measured",
      "measured",
    ]);
    assert.deepEqual(await namesIn(out), ["k20.json", "train-mp.json"]);
    assertDocument("bench-card", first);
    const [training] = first.reports["train-mp"].stages;
    assert.equal(training.stage, "train");
    assert.equal(training.phaseSeconds!.passes.length, 3);
    assert.match(cardTable(first), /training, 2621440 rows, 3 passes, MP/);
    const second = await runCard({ ...OPTIONS, out, only });
    assert(second.cases.every(({ state }) => state === "kept"));
    assert.equal(JSON.stringify(second.reports), JSON.stringify(first.reports));
  }));

Deno.test("runCard() goes on after a case that fails, and is not well then", () =>
  inDirectory(async (out) => {
    await Deno.mkdir(`${out}/k20.json`);
    const report = await runCard({ ...OPTIONS, out, only: ["k20", "k40"] })
      .catch((error: Error) => error);
    assert(!(report instanceof Error), `${report}`);
    assert.deepEqual(report.cases.map(({ state }) => state), [
      "failed",
      "measured",
    ]);
    assert.equal(report.ok, false);
    assertDocument("bench-card", report);
  }));

Deno.test("runCard() begins nothing for which there is no time", () =>
  inDirectory(async (out) => {
    const report = await runCard({ out, scale: 1, peer: false, minutes: 0 });
    assert(report.cases.every(({ state }) => state === "left"));
    assert.equal(report.cases.length, CARD_CASES.length);
  }));

Deno.test("runCard() refuses a case that there is not", () =>
  inDirectory(async (out) => {
    await assert.rejects(
      runCard({ ...OPTIONS, out, only: ["k21"] }),
      /No case is called "k21"/,
    );
  }));
