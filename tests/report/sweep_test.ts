import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { SweepEntry } from "../../src/metrics/sweep_result.ts";
import { renderSweep } from "../../src/report/sweep.ts";

const DEVICE = { kind: "cpu", name: "a CPU", software: false, details: {} };

function entry(atoms: number, l0: number, more: Partial<SweepEntry>) {
  return {
    ...{ atoms, sparsity: Math.ceil(l0), l0, trainingFvu: 0.1, deadAtoms: 0 },
    ...{ denseAtoms: 1, seconds: 2, front: true, fvu: 1 / (atoms * l0) },
    ...more,
  } as SweepEntry;
}

function pageOf(runs: SweepEntry[]) {
  const page = renderSweep("some/sweep", {
    ...{ rows: 1000, device: DEVICE, seconds: 9, runs },
  });
  assert(!/NaN|undefined/.test(page));
  return parseHTML(page).document;
}

Deno.test("a sweep's page has a chart with a label for each cost, the front in words", () => {
  const page = pageOf([
    entry(16, 2, {}),
    entry(16, 4, {}),
    entry(32, 2, { fvu: 0.5, front: false }),
  ]);
  const pictures = [...page.querySelectorAll("figure [role=img]")];
  assert.deepEqual(
    [...page.querySelectorAll("h3")].map(({ textContent }) => textContent),
    ["FVU over nonzeros", "FVU over atoms", "FVU over dense atoms"],
  );
  assert.equal(pictures.length, 3);
  assert.equal(
    pictures[0].getAttribute("aria-label"),
    "FVU over nonzeros. On the front: 16 atoms, 2 nonzeros: L0 2, FVU 0.03125; " +
      "16 atoms, 4 nonzeros: L0 4, FVU 0.01563.",
  );
  assert.equal(pictures[0].querySelectorAll("circle").length, 3);
});

Deno.test("accuracy over FVU: more of the one and less of the other make the front", () => {
  const of = (fvu: number, accuracy: number) =>
    entry(16, 2, { fvu, accuracy: { "1": accuracy } });
  const page = pageOf([of(0.1, 0.6), of(0.2, 0.9), of(0.3, 0.8)]);
  const label = [...page.querySelectorAll("figure [role=img]")].at(-1)!
    .getAttribute("aria-label");
  assert.match(
    label!,
    /^Accuracy over FVU\. On the front: [^;]*0\.6; [^;]*0\.9\.$/,
  );
});

Deno.test("a sweep's page lists trainings with what varied and leads to their reports, by column", () => {
  const more = (column: string, ridge: number | null, model: string) => ({
    ...{ column, options: { ridge }, accuracy: { "1": 0.7, "5": 0.8 }, model },
  });
  const page = pageOf([
    entry(16, 2, more("<a>", 0, "some/sweep/m16 k2?")),
    entry(16, 4, more("b", null, "some/sweep/m16-k4")),
  ]);
  assert.deepEqual(
    [...page.querySelectorAll("h2")].map(({ textContent }) => textContent),
    ["Front: <a>", "Trainings: <a>", "Front: b", "Trainings: b"],
  );
  const head = [...page.querySelectorAll("thead")][0].textContent;
  assert.match(head, /ridge.*Accuracy by 1 latentAccuracy by 5 latents/);
  const [first, second] = page.querySelectorAll("tbody");
  assert.match(first.textContent, /^front1620/);
  assert.match(second.textContent, /default.*0.8/);
  assert.equal(
    first.querySelector("a")!.getAttribute("href"),
    "m16%20k2%3F/report.html",
  );
  const figures = page.querySelector(".figures")!.textContent;
  assert.match(figures, /Best accuracy/);
  assert.match(figures, /b, 16 atoms, 4 nonzeros, ridge default/);
});
