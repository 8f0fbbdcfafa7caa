import assert from "node:assert/strict";
import { join } from "node:path";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import { openRows } from "../../src/rows/open.ts";
import { labelAtoms } from "../../src/use/labels.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { assertAnswer, assertDocument } from "../cli/documents.ts";
import { runCli } from "../cli/fake_io.ts";
import { SAMPLE } from "../use/helpers.ts";
import { silence, status } from "../net/fault_server.ts";
import { askedIn, chatAnswer, ChatServer } from "./oracle.ts";

const ROOT = new URL("../../", import.meta.url);
const KEY = "sk-do-not-tell";
const COUNT = 800;
const ROWS = ["--max-rows", `${COUNT}`, "--device", "cpu"];

/** Names texts by their first one, and says yes to every other text. */
function answer(body: string): Response {
  const { kind, texts } = askedIn(body);
  return chatAnswer(JSON.stringify(
    kind === "name"
      ? { name: `like ${texts[0]}` }
      : { answers: texts.map((_, i) => i % 2) },
  ));
}

class Namer extends ChatServer {
  constructor() {
    super();
    this.fault = (_, count) => answer(this.seen[count - 1].body);
  }
}

/** `label` as a process, on the permissions that its task documents. */
function label(
  model: string,
  server: Namer,
  ...more: string[]
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=rows-to-files", "--no-prompt"],
      ...["src/cli/main.ts", "label", model, SAMPLE, ...ROWS],
      ...["--explain", server.url, "--explain-model", "namer"],
      ...["--atoms", "3", "--rate", "1000000", ...more],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", DBKSVD_EXPLAIN_KEY: KEY },
  }).spawn();
}

async function ended(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const said = { code, stdout: text(stdout), stderr: text(stderr) };
  assert(!`${said.stdout}${said.stderr}`.includes(KEY), "the key is shown");
  if (said.stdout.startsWith("{")) assertAnswer(["label"], code, said.stdout);
  return said;
}

/** Runs something with a model directory, in which no key may stand afterwards. */
async function withModel(
  use: (model: string) => Promise<void>,
): Promise<void> {
  const source = await openRows(SAMPLE, { maxRows: COUNT });
  const { width } = source;
  const rows = await source.read({ start: 0, end: COUNT });
  await source.close();
  const mean = new Float32Array(width);
  rows.forEach((value, i) => mean[i % width] += value / COUNT);
  await inDirectory(async (folder) => {
    const directory = join(folder, "model");
    const model = makeModel({ width, atoms: 24, mean });
    await saveModel(directory, model, CONFIG, []);
    await use(directory);
    for await (const { name } of Deno.readDir(directory)) {
      const bytes = await Deno.readFile(join(directory, name));
      const text = new TextDecoder("latin1").decode(bytes);
      assert(!text.includes(KEY), `the key is in ${name}`);
    }
  });
}

async function labelsOf(model: string) {
  return (await loadModel(model)).model.labels ?? {};
}

Deno.test("label says what would go where, and sends it with --yes; names by hand stay, names that are there are not asked for again", async () => {
  await withModel(async (model) => {
    await using server = new Namer();
    const plan = await ended(label(model, server));
    assert.equal(plan.code, 0, plan.stderr);
    const { host } = new URL(server.url);
    assert.match(
      plan.stdout,
      new RegExp(
        `6 atoms' sides, \\d+ texts of the rows at most go to ${host}, in 30 requests; nothing was sent`,
      ),
    );
    assert.equal(server.seen.length, 0);
    assert.deepEqual(await labelsOf(model), {});

    const planned = JSON.parse(
      (await ended(label(model, server, "--json"))).stdout,
    );
    assert.deepEqual(
      [planned.sent, planned.planned.latents, planned.planned.requests],
      [false, 6, 30],
    );

    const done = await ended(label(model, server, "--yes", "--json"));
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(
      done.stderr,
      new RegExp(`texts of the rows at most go to ${host}`),
    );
    const { names, requests, sent, prompt } = JSON.parse(done.stdout);
    assert.deepEqual([names.length, requests, sent], [6, 30, true]);
    const [{ atom, sign, label: name, detection }] = names;
    assertDocument("labels", await labelsOf(model));
    const entry = (await labelsOf(model))[atom];
    assert.deepEqual(Array.isArray(entry) && entry.map(({ sign }) => sign), [
      "+",
      "-",
    ]);
    assert.deepEqual(
      Array.isArray(entry) && entry.find((one) => one.sign === sign),
      {
        ...{ label: name, source: "model", sign },
        ...{ score: detection.balancedAccuracy, model: "namer", prompt },
      },
    );

    const listed = await runCli(["label", model]);
    assert.match(
      listed.stdout,
      new RegExp(`^atom +by +score +fuzzing +name$`, "m"),
    );
    assert.match(
      listed.stdout,
      new RegExp(`^${atom}\\${sign} +model +\\d\\.\\d\\d +– +${name}$`, "m"),
    );
    await runCli(["label", model, "--json"]);
    const again = await ended(label(model, server, "--yes"));
    assert.match(
      again.stdout,
      /nothing to name \(left alone: 6 named already\)/,
    );
    await labelAtoms(model, { [atom]: "mine" });
    const renewed = await ended(
      label(model, server, "--yes", "--renew", "--json"),
    );
    assert.equal(JSON.parse(renewed.stdout).names.length, 4);
    assert.equal((await labelsOf(model))[atom], "mine");
    assert.equal(server.seen.length, 50);
  });
});

Deno.test("a signal saves the names that there are, and the same command goes on with the others", async () => {
  await withModel(async (model) => {
    await using server = new Namer();
    const stopped = async (answers: number) => {
      let stalled = () => {};
      const stalls = new Promise<void>((resolve) => stalled = resolve);
      const last = server.seen.length + answers;
      server.fault = (_, count) => {
        if (count <= last) return answer(server.seen[count - 1].body);
        stalled();
        return silence();
      };
      const child = label(model, server, "--yes", "--at-once", "1");
      await stalls;
      child.kill("SIGINT");
      const { code, stderr } = await ended(child);
      assert.equal(code, 130, stderr);
      return stderr;
    };
    assert.match(await stopped(1), /nothing was saved, no name was found yet/);
    assert.match(await stopped(12), /2 names saved in .*labels\.json/);
    assert.equal(Object.values(await labelsOf(model)).flat().length, 2);

    server.fault = (_, count) => answer(server.seen[count - 1].body);
    const rest = await ended(label(model, server, "--yes", "--json"));
    assert.equal(JSON.parse(rest.stdout).names.length, 4, rest.stderr);
    assert.equal(Object.values(await labelsOf(model)).flat().length, 6);
  });
});

Deno.test("a training that takes the model's place while names are asked for gets them for its own atoms", async () => {
  await withModel(async (model) => {
    await using server = new Namer();
    const { model: old } = await loadModel(model);
    const { width, atoms } = old;
    const turned = Float32Array.from(old.dictionary, (_, i) => {
      const from = atoms - 1 - Math.floor(i / width);
      return old.dictionary[from * width + i % width];
    });
    server.fault = async (_, count) => {
      if (count === 1) {
        await saveModel(model, { ...old, dictionary: turned }, CONFIG, []);
      }
      return answer(server.seen[count - 1].body);
    };
    const { code, stdout, stderr } = await ended(
      label(model, server, "--yes", "--json"),
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Another dictionary took.*3 names kept/);
    const { names }: { names: { atom: number; label: string }[] } = JSON
      .parse(stdout);
    const labels = await labelsOf(model);
    for (const { atom, label: name } of names) {
      const entry = JSON.stringify(labels[atoms - 1 - atom]);
      assert(entry.includes(JSON.stringify(name)), entry);
    }
  });
});

Deno.test("where a server gives up, names that came before are saved; a limit of requests ends it in order", async () => {
  await withModel(async (model) => {
    await using server = new Namer();
    server.fault = (_, count) =>
      count <= 7 ? answer(server.seen[count - 1].body) : status(402);
    const spent = await ended(label(model, server, "--yes", "--at-once", "1"));
    assert.equal(spent.code, 1);
    assert.match(
      spent.stderr,
      /1 name saved in .*labels\.json; the same command/,
    );
    assert.match(spent.stderr, /no quota left/);
    assert.equal(server.seen.length, 8);

    server.fault = (_, count) => answer(server.seen[count - 1].body);
    const limited = await ended(
      label(model, server, "--yes", "--max-requests", "12"),
    );
    assert.equal(limited.code, 0, limited.stderr);
    assert.match(limited.stdout, /3 are left: the limit of 12 requests/);
    assert.equal(server.seen.length, 8 + 10);
    assert.equal(Object.values(await labelsOf(model)).flat().length, 3);
  });
});

Deno.test("what cannot be asked is refused before anything is read or sent", async () => {
  await withModel(async (model) => {
    await using server = new Namer();
    const clear = await ended(
      label(model, server, "--yes", "--explain", "http://192.0.2.1/v1"),
    );
    assert.equal(clear.code, 2);
    assert.match(clear.stderr, /not sent to 192\.0\.2\.1 in the clear/);
    const unknown = await ended(label(model, server, "--yes", "--atom", "99"));
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /There is no atom 99/);
    assert.equal(server.seen.length, 0);
  });
});
