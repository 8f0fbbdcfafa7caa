import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { createDictionary } from "../../src/report/client/dictionary.ts";
import { atomPage } from "../../src/report/client/atom_page.ts";
import { rowPage } from "../../src/report/client/row_page.ts";
import type {
  PackedAtoms,
  PackedCodes,
  PackedRows,
} from "../../src/report/client/types.ts";
import { unpackPart } from "../../src/report/client/unpack.ts";
import { browserParts } from "../../src/report/browser_parts.ts";
import type { BrowserData } from "../../src/report/data.ts";
import { fixtureBrowser } from "./browser_fixture.ts";
import { HOSTILE } from "./fixture.ts";

async function withPages<T>(
  use: (pages: {
    atom(atom: number): Element;
    row(place: number): Element;
  }) => T,
  data: BrowserData = fixtureBrowser(),
): Promise<T> {
  const parts = browserParts(data);
  const [atoms, rows, codes] = await Promise.all([
    unpackPart<PackedAtoms>(parts.atoms),
    unpackPart<PackedRows>(parts.rows),
    unpackPart<PackedCodes>(parts.codes),
  ]);
  const dictionary = createDictionary(atoms, rows);
  const scope = globalThis as { document?: unknown };
  scope.document = parseHTML("<html><body></body></html>").document;
  try {
    return use({
      atom: (atom) => atomPage(dictionary, atom),
      row: (place) => rowPage(dictionary, codes, place),
    });
  } finally {
    delete scope.document;
  }
}

function texts(page: Element, selector: string): string[] {
  return [...page.querySelectorAll(selector)].map((found) =>
    found.textContent!
  );
}

Deno.test("atomPage() shows an atom's rows, neighbours, figures and histogram", async () => {
  const data = fixtureBrowser();
  await withPages(({ atom }) => {
    const page = atom(9);
    const { latents } = data.table;
    const lists = page.querySelectorAll("section ol");
    for (const side of [0, 1]) {
      const shown = Math.min(data.top.perLatent, latents.uses[2 * 9 + side]);
      const list = [...lists].find((one) =>
        one.querySelector(side === 0 ? ".positive" : ".negative") !== null
      );
      assert.equal(list?.querySelectorAll("li").length ?? 0, shown);
    }
    assert.equal(texts(page, 'ul a[href^="#/atom/"]').length, 8 + 1);
    assert.match(page.textContent!, /Fires together with/);
    assert.match(texts(page, ".tiles")[0], new RegExp(`${data.table.uses[9]}`));
    const bars = page.querySelectorAll("svg rect").length;
    const bins = data.table.histograms!.counts.subarray(9 * 32, 10 * 32);
    assert.equal(bars, bins.filter((count) => count > 0).length);
  }, data);
});

Deno.test("atomPage() marks rows as strongly as they use the atom", async () => {
  await withPages(({ atom }) => {
    const marks = [
      ...atom(9).querySelectorAll("section mark.positive"),
    ] as HTMLElement[];
    const strengths = marks.map((mark) =>
      Number(mark.style.getPropertyValue("--strength"))
    );
    assert(strengths.length > 1);
    assert.deepEqual(strengths, strengths.toSorted((a, b) => b - a));
    assert(strengths[0] > strengths[strengths.length - 1]);
  });
});

Deno.test("atomPage() marks a token inside its text, not the text around it", async () => {
  const data = fixtureBrowser();
  data.samples.before = data.samples.texts.map(() => "the ship left the ");
  data.samples.after = data.samples.texts.map(() => " at dawn");
  await withPages(({ atom }) => {
    const row = atom(9).querySelector(".row-text")!;
    assert.match(row.textContent!, /^the ship left the .+ at dawn$/);
    assert.doesNotMatch(row.querySelector("mark")!.textContent!, /ship|dawn/);
  }, data);
});

Deno.test("atomPage() keeps a token in sight behind a long text", async () => {
  const data = fixtureBrowser();
  data.samples.before = data.samples.texts.map(() => "😀".repeat(4000));
  await withPages(({ atom, row }) => {
    const before = atom(9).querySelector(".row-text")!.firstChild!.textContent!;
    assert.match(before, /^…(😀){40,100}$/u);
    assert.equal(texts(row(1), "h2 bdi")[0].length, 8000 + HOSTILE.length);
  }, data);
});

Deno.test("atomPage() says so of an atom that nothing uses", async () => {
  await withPages(({ atom }) => {
    assert.match(texts(atom(63), ".empty")[0], /No row uses/);
  });
});

Deno.test("rowPage() shows a row's activations as what they are: no parts of it", async () => {
  const data = fixtureBrowser();
  data.by = "activation";
  data.samples.residual.fill(NaN);
  await withPages(({ row }) => {
    const page = row(0);
    assert.match(texts(page, ".lead")[0], /^The 4 atoms whose activations are/);
    assert.equal(page.querySelector(".segments"), null);
    assert.equal(page.querySelectorAll(".rows li").length, 4);
    assert.equal(
      page.querySelectorAll(".rows li:first-child .value").length,
      1,
    );
  }, data);
});

Deno.test("rowPage() shows a row's atoms by strength and how much they explain", async () => {
  const data = fixtureBrowser();
  await withPages(({ row }) => {
    const page = row(0);
    const order = [0, 1, 2, 3].sort((a, b) =>
      Math.abs(data.samples.values[b]) - Math.abs(data.samples.values[a])
    );
    const links = [...page.querySelectorAll(".segments a")];
    assert.deepEqual(
      links.map((link) => link.getAttribute("href")),
      order.map((slot) => `#/atom/${slot}`),
    );
    const width = links.reduce(
      (sum, link) => sum + parseFloat((link as HTMLElement).style.width),
      0,
    );
    assert(Math.abs(width - 100) < 0.1, `${width}%`);
    assert.match(texts(page, ".lead")[0], /4 atoms explain 100%/);
    assert.equal(texts(page, "h2")[0], "the harbour at dawn");
  }, data);
});

Deno.test("pages show hostile text as text", async () => {
  await withPages(({ atom, row }) => {
    const pages = [row(1), ...Array.from({ length: 64 }, (_, a) => atom(a))];
    for (const page of pages) {
      assert.equal(
        page.querySelectorAll("script, img, i:not(.bar i)").length,
        0,
      );
    }
    assert.equal(texts(row(1), "h2")[0], HOSTILE);
  });
});

Deno.test("atomPage() lists the classes that a probe found an atom to tell, as text", async () => {
  const data = fixtureBrowser();
  const best = {
    ...{ label: "topic", class: "<i>ships</i>", model: "m", atom: 9 },
    ...{ sign: "-" as const, precision: 0.8, recall: 0.64, f1: 0.711 },
    density: 0.1,
  };
  data.table.classes = { "9": [best] };
  await withPages(({ atom }) => {
    assert.deepEqual(
      texts(atom(9), "li").filter((text) => text.includes("topic")),
      ["topic: <i>ships</i> (−), F1 0.71, precision 0.80, recall 0.64"],
    );
    assert(!texts(atom(8), "h3").includes("Classes it tells"));
  }, data);
});
