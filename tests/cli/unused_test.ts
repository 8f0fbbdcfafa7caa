import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inDirectory } from "../directories.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

async function dbksvd(...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-P=dbksvd",
      MAIN,
      ...args,
      "--device",
      "cpu",
      "--quiet",
    ],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("What is not used of the inputs stands in the summary, in --json and in config.json", () =>
  inDirectory(async (directory) => {
    const [rows, out] = [`${directory}/rows`, `${directory}/model`];
    await Deno.mkdir(rows);
    const values = Float32Array.from(
      { length: 400 },
      (_, i) => Math.sin(i * i),
    );
    values[42] = NaN;
    await Deno.writeFile(`${rows}/a.f32`, new Uint8Array(values.buffer));
    await Deno.writeTextFile(`${rows}/notes.md`, "");
    const reading = [rows, "--width", "4", "--skip-invalid"];
    const training = ["--atoms", "4", "--sparsity", "1", "--passes", "1"];
    const text = await dbksvd("train", ...reading, ...training, "--out", out);
    const said =
      `Not used: 1 row (invalid); 1 file of another ending (${rows}/notes.md)`;
    assert(text.includes(said), text);
    const notRead = [
      { reason: "ending", count: 1, paths: [`${rows}/notes.md`] },
    ];
    const config = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
    assert.deepEqual(config.notRead, notRead);
    assert.deepEqual(config.rows.dropped, { invalid: 1 });
    const coded = JSON.parse(
      await dbksvd(
        "encode",
        out,
        ...reading,
        "--out",
        `${directory}/c.parquet`,
        "--json",
      ),
    );
    assert.deepEqual(coded.notRead, notRead);
    assert.deepEqual(coded.dropped, { invalid: 1 });
    assert.equal(coded.rows, 99);
  }));
