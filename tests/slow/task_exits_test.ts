import assert from "node:assert/strict";
import { join } from "node:path";
import { failing, json, ROOT, SAMPLE } from "./tasks.ts";

Deno.test("doctor exits 4 where no GPU can be used, having said what to do", async () => {
  const nowhere = { VK_DRIVER_FILES: "/no/icd", VK_ICD_FILENAMES: "/no/icd" };
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "doctor", "--json"],
    cwd: ROOT,
    env: nowhere,
    stderr: "null",
  }).output();
  assert.equal(code, 4);
  const { ok, adapter, problems } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  assert.deepEqual([ok, adapter], [false, null]);
  assert.match(problems[0].what, /No GPU adapter/);
});

Deno.test("inspect exits 2 rather than write its page over an input or the model", async () => {
  const folder = await Deno.makeTempDir({ prefix: "dbksvd-" });
  const model = join(folder, "model"), rows = join(folder, "rows.parquet");
  await Deno.copyFile(new URL(SAMPLE, ROOT), rows);
  await json(
    ...["train", rows, "--max-rows", "300", "--atoms", "8", "--sparsity", "2"],
    ...["--passes", "1", "--device", "cpu", "--out", model],
  );
  for (const file of [rows, join(model, "dictionary.safetensors")]) {
    const before = await Deno.readFile(file);
    const line = await failing(2, "inspect", model, rows, "--html", file);
    assert.match(line, /would replace an input/);
    assert.deepEqual(await Deno.readFile(file), before);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a missing input exits 3 and names it", async () => {
  const line = await failing(3, "train", "/no/such/rows.parquet");
  assert.match(line, /\/no\/such\/rows\.parquet/);
});

Deno.test("a missing model exits 3 and names it", async () => {
  const line = await failing(3, "evaluate", "/no/such/model");
  assert.match(line, /\/no\/such\/model/);
});

Deno.test("a missing option exits 2", async () => {
  assert.match(
    await failing(2, "encode", "/no/such/model", SAMPLE),
    /--out is missing/,
  );
});
