import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { rowsFrom } from "../../src/rows/iterable.ts";
import { Spool } from "../../src/rows/spool.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { delivered } from "./files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs the tool with bytes piped into it. */
async function piped(bytes: Uint8Array, ...args: string[]) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=dbksvd", `${ROOT}src/cli/main.ts`, ...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  // Where it is refused at once, nobody reads.
  await writer.write(bytes).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("rowsFrom() gives rows again that came once, few from memory and many from a file that goes with it", () =>
  inDirectory(async (directory) => {
    const few = await rowsFrom(
      [[1, 2, 3, 4], Float32Array.of(5, 6)],
      { width: 2, spoolDir: directory },
    );
    for (let pass = 0; pass < 2; pass++) {
      assert.deepEqual((await delivered(few)).values, [[1, 2], [3, 4], [5, 6]]);
    }
    assert.deepEqual(await namesIn(directory), []);
    await few.close();
    const width = 1024;
    async function* chunks() {
      for (let i = 0; i < 70; i++) {
        yield new Float32Array(256 * width).fill(i);
        await Promise.resolve();
      }
    }
    const many = await rowsFrom(chunks(), { width, spoolDir: directory });
    assert.equal(many.rowCount, 70 * 256);
    assert.equal((await namesIn(directory)).length, 1);
    const last = await many.read({ start: 69 * 256 - 1, end: 69 * 256 + 1 });
    assert.deepEqual([last[0], last[width]], [68, 69]);
    await many.close();
    assert.deepEqual(await namesIn(directory), []);
    await assert.rejects(rowsFrom([[1, 2, 3]], { width: 2 }), /rows of 2/);
    await assert.rejects(rowsFrom([], { width: 2 }), /no rows/);
    const bad = () => rowsFrom([[1, NaN]], { width: 2 });
    await assert.rejects(bad().then((rows) => delivered(rows)), /NaN.*row 0/);
  }));

Deno.test("A spool that a killed run left is removed by the next one, one in use is not", () =>
  inDirectory(async (directory) => {
    const left = `${directory}/dbksvd-spool-0123abcd.rows`;
    await Deno.writeTextFile(left, "rows");
    await Deno.writeTextFile(`${directory}/dbksvd-spool.md`, "kept");
    const held = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { Spool } from "${ROOT}src/rows/spool.ts";
         const spool = await Spool.create(Deno.args[0]);
         console.log(spool.path);
         setTimeout(() => {}, 60000);`,
        directory,
      ],
      stdout: "piped",
      stderr: "null",
      cwd: ROOT,
    }).spawn();
    const reader = held.stdout.getReader();
    const path = new TextDecoder().decode((await reader.read()).value).trim();
    const spool = await Spool.create(directory);
    const names = await namesIn(directory);
    assert(!names.includes("dbksvd-spool-0123abcd.rows"));
    assert.equal(names.length, 3, names.join());
    held.kill("SIGKILL");
    await reader.cancel();
    await held.status;
    const next = await Spool.create(directory);
    assert(!(await namesIn(directory)).includes(path.split("/").at(-1)!));
    next.remove();
    spool.remove();
    assert.deepEqual(await namesIn(directory), ["dbksvd-spool.md"]);
  }));

Deno.test("A model can pipe its activations in: raw, or as an Arrow stream", () =>
  inDirectory(async (directory) => {
    const spools = `${directory}/spools`;
    const out = `${directory}/model`;
    const train = ["train", "-", "--atoms", "4", "--sparsity", "1"];
    const options = ["--passes", "1", "--device", "cpu", "--out", out];
    const common = [...train, ...options, "--overwrite", "--spool-dir", spools];
    const values = Float32Array.from(
      { length: 800 },
      (_, i) => Math.sin(i * i),
    );
    const raw = await piped(
      new Uint8Array(Float16Array.from(values).buffer),
      ...[...common, "--width", "4", "--blob-type", "f16", "--json"],
    );
    assert.equal(raw.code, 0, raw.stderr);
    assert.match(raw.stderr, /0\.0 MB spooled in .*spools/);
    const { config } = JSON.parse(raw.stdout);
    assert.equal(config.inputs[0].path, "-");
    assert.equal(config.rows.read, 200);
    assert.deepEqual(await namesIn(spools), []);
    const stream = await Deno.readFile(
      new URL("./arrow/data/fsl-f32.arrows", import.meta.url),
    );
    const arrow = await piped(stream, ...common, "--json");
    assert.equal(JSON.parse(arrow.stdout).config.rows.read, 24);
    const again = await piped(stream, ...common, "--resume");
    assert.equal(again.code, 2);
    assert.match(again.stderr, /cannot be read again.*--resume/);
    const held = await piped(stream, "evaluate", out, "--device", "cpu");
    assert.equal(held.code, 2);
    assert.match(held.stderr, /from standard input, which are gone/);
    const nothing = await piped(new Uint8Array(0), ...common);
    assert.equal(nothing.code, 3);
    assert.match(nothing.stderr, /Nothing came through standard input/);
  }));
