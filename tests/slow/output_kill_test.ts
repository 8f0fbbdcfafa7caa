// Commands that write an output, killed at any moment: there is the old output or the new one, whole, and a later run
// leaves no remains.
import assert from "node:assert/strict";
import { join } from "node:path";
import { randomStream } from "../../src/random.ts";
import { inDirectory, namesIn } from "../directories.ts";

const ROOT = new URL("../../", import.meta.url);
const KILLS = 8;

function tool(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=dbksvd", "--no-prompt"],
      ...["src/cli/main.ts", ...args],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function done(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const { code } = await tool(args).status;
  assert.equal(code, 0, args.join(" "));
  return performance.now() - start;
}

async function killedAfter(args: readonly string[], ms: number) {
  const child = tool(args);
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It was over already.
    }
  }, ms);
  const status = await child.status;
  clearTimeout(timer);
  return status.signal === "SIGKILL";
}

/** The bytes of an output, a file or the files of a directory; empty where there is none. */
async function contents(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) return found;
  const files = info.isFile
    ? [path]
    : (await namesIn(path)).map((name) => join(path, name));
  for (const file of files) {
    const bytes = await Deno.readFile(file);
    const sum = await crypto.subtle.digest("SHA-256", bytes);
    found[file.slice(path.length)] = new Uint8Array(sum).toHex();
  }
  return found;
}

async function dictionariesIn(sweep: string) {
  const models = (await namesIn(sweep)).filter((name) => !name.includes("."));
  return await Promise.all(models.map(async (name) => [
    name,
    await contents(join(sweep, name, "dictionary.safetensors")),
  ]));
}

Deno.test("encode, decode, export and sweep leave whole outputs or none, however they are killed", async (t) => {
  await inDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const rows = "samples/glove-10k.parquet";
    await done([
      ...["train", rows, "--max-rows", "2000", "--atoms", "64"],
      ...["--sparsity", "4", "--passes", "1", "--device", "cpu"],
      ...["--out", at("model"), "--quiet"],
    ]);
    const cpu = ["--device", "cpu", "--quiet"];
    const commands: [string, string[]][] = [
      ["codes.parquet", ["encode", at("model"), rows, ...cpu]],
      ["rows.parquet", ["decode", at("model"), at("codes.parquet"), "--quiet"]],
      ["sae", [
        ...["export", at("model"), rows, "--max-rows", "2000"],
        ...["--format", "saelens-topk", "--steps", "100", ...cpu],
      ]],
    ];
    for (const [name, args] of commands) {
      await t.step(args[0], async () => {
        const out = at(name);
        const whole = [...args, "--out", out];
        const time = await done(whole);
        const sound = await contents(out);
        const random = randomStream(3, "kill", name);
        let kills = 0;
        for (let i = 0; i < KILLS; i++) {
          // The first half of the kills finds no output, the second one that is being replaced.
          if (i < KILLS / 2) await Deno.remove(out, { recursive: true });
          if (await killedAfter(whole, time * random.uniform())) kills++;
          const left = await contents(out);
          if (Object.keys(left).length > 0) assert.deepEqual(left, sound);
          else assert(i < KILLS / 2, "what was there is gone");
          if (i < KILLS / 2) await done(whole);
        }
        assert(kills > 0);
        await done(whole);
        assert.deepEqual(await contents(out), sound);
        const remains = (await namesIn(directory))
          .filter((entry) => entry.startsWith("."));
        assert.deepEqual(remains, []);
      });
    }
    await t.step("sweep", async () => {
      const args = [
        ...["sweep", rows, "--max-rows", "2000", "--atoms", "32,64"],
        ...["--sparsity", "4", "--passes", "2", ...cpu],
      ];
      const time = await done([...args, "--out", at("whole")]);
      const sound = await dictionariesIn(at("whole"));
      const random = randomStream(3, "kill", "sweep");
      // One sweep, killed again and again: it goes on each time, and comes to the same models.
      const killed = [...args, "--out", at("killed")];
      for (let i = 0; i < 4; i++) {
        await killedAfter(killed, time * random.uniform());
      }
      await done(killed);
      assert.deepEqual(await dictionariesIn(at("killed")), sound);
      assert.deepEqual(await namesIn(at("killed")), await namesIn(at("whole")));
    });
  });
});
