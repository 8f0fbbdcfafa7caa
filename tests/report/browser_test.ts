import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseHTML } from "linkedom";
import { unpackPart } from "../../src/report/client/unpack.ts";
import { renderBrowser } from "../../src/report/browser.ts";
import { clientScript } from "../../src/report/client_script.ts";
import { bundledClient } from "../../tasks/write_client.ts";
import { fixtureBrowser } from "./browser_fixture.ts";

Deno.test("clientScript() is one valid script, made of the client as it stands now", async () => {
  const script = clientScript();
  new Function(script);
  assert.doesNotMatch(script, /^(import|export) /m);
  assert.equal(
    script,
    await bundledClient(),
    "client/ has changed: run deno task write-client",
  );
});

Deno.test("renderBrowser() allows its own script and style and nothing else", () => {
  const { document } = parseHTML(renderBrowser(fixtureBrowser()));
  const policy = document.querySelector("meta[http-equiv]")!
    .getAttribute("content")!;
  const run = [...document.querySelectorAll("script")]
    .filter((script) => script.getAttribute("type") === null);
  assert.equal(run.length, 1);
  for (const element of [run[0], document.querySelector("style")!]) {
    const hash = createHash("sha256").update(element.textContent!)
      .digest("base64");
    assert(policy.includes(`'sha256-${hash}'`), element.tagName);
  }
  assert.match(policy, /default-src 'none'/);
  assert.equal(document.querySelectorAll("[src], link, iframe").length, 0);
});

Deno.test("renderBrowser() leaves nothing of the data for an HTML parser to read", async () => {
  const html = renderBrowser(fixtureBrowser());
  assert.doesNotMatch(html, /globalThis\.broken|harbour|<i>seas/);
  const { document } = parseHTML(html);
  assert.equal(
    document.querySelector("h1")!.textContent,
    "fixture <b>model</b>",
  );
  const part = document.getElementById("part-rows")!.textContent!;
  const { texts } = await unpackPart(part) as unknown as { texts: string[] };
  assert.equal(texts[0], "the harbour at dawn");
});

Deno.test("renderBrowser() lays the map out where no places were given", async () => {
  const { document } = parseHTML(renderBrowser(fixtureBrowser({ map: false })));
  const part = await unpackPart(
    document.getElementById("part-atoms")!.textContent!,
  ) as unknown as { positions: Float32Array };
  assert.equal(part.positions.length, 2 * 64);
});

Deno.test("renderBrowser() keeps the strongest of many nonzeros and the energy of all", async () => {
  const data = fixtureBrowser({ atoms: 128, sparsity: 40 });
  const { document } = parseHTML(renderBrowser(data));
  const codes = await unpackPart(
    document.getElementById("part-codes")!.textContent!,
  ) as unknown as {
    slots: number;
    indices: Uint16Array;
    values: Int16Array;
    largest: Float32Array;
    energy: Float32Array;
  };
  assert.equal(codes.slots, 32);
  const row = [...data.samples.values.subarray(0, 40)];
  const strongest = row.toSorted((a, b) => Math.abs(b) - Math.abs(a));
  for (let s = 0; s < 32; s++) {
    const value = codes.values[s] / 32767 * codes.largest[0];
    assert(Math.abs(value - strongest[s]) < codes.largest[0] / 30_000);
    assert.equal(codes.indices[s], row.indexOf(strongest[s]));
  }
  const energy = row.reduce((sum, value) => sum + value * value, 0);
  assert(Math.abs(codes.energy[0] - energy) < 1e-4 * energy);
});
