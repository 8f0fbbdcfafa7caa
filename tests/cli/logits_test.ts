import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { join } from "node:path";
import { saveModel } from "../../src/model/directory.ts";
import { inDirectory } from "../directories.ts";
import { tensorOf, writeTensors } from "../inspection/checkpoints.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { writeTexts } from "../use/helpers.ts";
import { runCli } from "./fake_io.ts";

const WIDTH = 4;
const TOKENS = [" rain", " snow", "\n", "ice"];

async function prepared(
  work: (
    look: (...args: string[]) => Promise<string>,
    folder: string,
  ) => Promise<void>,
) {
  await inDirectory(async (folder) => {
    const dictionary = new Float32Array(WIDTH * WIDTH);
    for (let d = 0; d < WIDTH; d++) dictionary[d * WIDTH + d] = 1;
    const model = makeModel({ width: WIDTH, atoms: WIDTH, dictionary });
    await saveModel(join(folder, "model"), model, CONFIG, []);
    const data = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
    await Deno.writeFile(join(folder, "rows.f32"), new Uint8Array(data.buffer));
    // Along dimension 0 tokens get 3, 1, -2, 0; along the others nothing.
    const values = new Float32Array(TOKENS.length * WIDTH);
    [3, 1, -2, 0].forEach((logit, id) => values[id * WIDTH] = logit);
    await Deno.mkdir(join(folder, "lm"));
    await writeTensors(join(folder, "lm", "model.safetensors"), {
      "lm_head.weight": tensorOf("BF16", values, TOKENS.length, WIDTH),
      "norm.weight": tensorOf("F32", new Float32Array(WIDTH).fill(2), WIDTH),
    });
    const rows = [join(folder, "rows.f32"), "--width", `${WIDTH}`];
    await work(async (...args) => {
      const { code, stdout, stderr } = await runCli(
        ["inspect", join(folder, "model"), ...rows, "--device", "cpu", ...args],
      );
      return code === 0 ? stdout : `${code}: ${stderr}`;
    }, folder);
  });
}

Deno.test("inspect --unembed tells the tokens of both signs, named by the tokenizer.json beside it, and keeps them", async () => {
  await prepared(async (look, folder) => {
    const lm = join(folder, "lm");
    const list = JSON.stringify(TOKENS);
    assert.match(await look("--unembed", lm), /^2: .*give --tokens/s);
    await Deno.writeTextFile(join(lm, "tokenizer.json"), list);
    const atom = ["--atom", "0"];
    const text = await look(...atom, "--unembed", lm);
    assert.match(
      text,
      /promotes, positive values +logit +and suppresses +logit\n" rain" +3 +"\\n" +-2\n/,
    );
    assert.match(text, /promotes, negative values.*\n"\\n" +2 +" rain" +-3\n/);
    assert.match(text, /by lm_head.weight, without the final norm/);

    const kept = JSON.parse(await look(...atom, "--json"));
    assert.equal(kept.unembedding.tensor, "lm_head.weight");
    assert.deepEqual(kept.logits[0].promoted[0], {
      id: 0,
      token: " rain",
      logit: 3,
    });
    const folded = JSON.parse(
      await look(...atom, "--json", "--unembed", lm, "--fold-norm", "weight"),
    );
    assert.equal(folded.logits[0].promoted[0].logit, 6);
    assert.equal(folded.unembedding.norm, "norm.weight");
    const table = JSON.parse(await look("--json", "--top", "3"));
    assert.equal(table.unembedding.norm, "norm.weight", "with other rows too");
    assert.equal(table.atoms[1].logits[0].promoted[0].logit, 0);
  });
});

Deno.test("inspect refuses --fold-norm by itself, and where nothing says how the model uses it", async () => {
  await prepared(async (look, folder) => {
    assert.match(await look("--fold-norm"), /^2: .*give --unembed/s);
    const lm = join(folder, "lm");
    const list = join(folder, "tokens.json");
    await Deno.writeTextFile(list, JSON.stringify(TOKENS));
    const asked = ["--unembed", lm, "--tokens", list, "--fold-norm"];
    assert.match(await look(...asked), /^2: .*say --fold-norm weight/s);
    const config = JSON.stringify({ model_type: "gemma2" });
    await Deno.writeTextFile(join(lm, "config.json"), config);
    const found = JSON.parse(await look(...asked, "--json"));
    assert.equal(found.unembedding.norm, "1 + norm.weight");
    assert.equal(found.atoms[0].logits[0].promoted[0].logit, 9);
  });
});

Deno.test("a column of token ids is found, and read with the tokenizer.json beside the unembedding", async () => {
  await prepared(async (look, folder) => {
    const lm = join(folder, "lm");
    const list = JSON.stringify(TOKENS);
    await Deno.writeTextFile(join(lm, "tokenizer.json"), list);
    const file = join(folder, "texts.parquet");
    const contexts = [[3, 0, 1], [0, 3, 3]];
    await writeTexts(
      file,
      contexts.map((ids) => ids.map((id) => `${id}`)),
      WIDTH,
    );
    const rows = join(folder, "ids.parquet");
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(
      `copy (select tokens::int[] as token_ids, 'whole' as text, vectors from '${file}')
       to '${rows}' (format parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    const args = ["--column", "vectors", "--json", "--top", "6"];
    const { code, stdout, stderr } = await runCli([
      ...["inspect", join(folder, "model"), rows, "--device", "cpu"],
      ...[...args, "--unembed", lm],
    ]);
    assert.equal(code, 0, stderr);
    const shown: { row: number; before: string; text: string }[] = JSON.parse(
      stdout,
    ).atoms.flatMap(({ top }: { top: unknown[] }) => top);
    const second = shown.find(({ row }) => row === 1)!;
    assert.deepEqual([second.before, second.text], ["ice", " rain"]);
    assert.match(await look("--atom", "0"), /promotes/, "kept, and no ids");
  });
});
