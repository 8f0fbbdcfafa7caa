import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildProgram } from "../../src/cli/program.ts";
import { SCHEMAS, schemaTexts } from "../../tasks/write_schemas.ts";
import { inDirectory } from "../directories.ts";
import { run } from "../../src/cli/run.ts";
import { assertAnswer, assertDocument } from "./documents.ts";
import { FakeIo, runCli } from "./fake_io.ts";

const SAMPLE = "samples/glove-10k.parquet";
const CPU = ["--device", "cpu", "--threads", "1"];
const SMALL = [
  ...["--max-rows", "600", "--atoms", "16", "--sparsity", "3"],
  ...["--passes", "2", ...CPU],
];

/** Runs a command with `--json`, which holds what it prints to its schema. */
async function answer(...args: string[]) {
  const { code, stdout, stderr } = await runCli([...args, "--json", "--quiet"]);
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

async function readJson(...path: string[]) {
  return JSON.parse(await Deno.readTextFile(join(...path)));
}

Deno.test("docs/schemas/ holds what the table of documents says", async () => {
  const expected = schemaTexts();
  const found = [...Deno.readDirSync(SCHEMAS)].map(({ name }) => name);
  assert.deepEqual(found.sort(), [...expected.keys()].sort());
  for (const [file, text] of expected) {
    const kept = await Deno.readTextFile(new URL(file, SCHEMAS));
    assert.deepEqual(
      JSON.parse(kept),
      JSON.parse(text),
      `${file} differs: \`deno task write-schemas\` takes it over`,
    );
  }
});

Deno.test("every command has a schema for what it prints, and docs/json.md names every schema", async () => {
  const known = schemaTexts();
  const visit = (command: CommandUnknownOpts, path: string[]) => {
    for (const inner of command.commands) visit(inner, [...path, inner.name()]);
    const prints = command.options.some(({ long }) => long === "--json");
    if (prints) assert(known.has(`${path.join("-")}.json`), path.join(" "));
  };
  visit(buildProgram(new FakeIo()), []);
  const page = await Deno.readTextFile(new URL("../json.md", SCHEMAS));
  for (const file of known.keys()) {
    assert(page.includes(`(schemas/${file})`), file);
  }
});

Deno.test("schemas close every object, and say of every field what it is", () => {
  const visit = (json: Record<string, unknown>, place: string) => {
    if (typeof json !== "object" || json === null) return;
    const open = place.startsWith("pipeline-event.json") ||
      /\/(where|options)$/.test(place);
    if (json.type === "object" && !open) {
      assert("additionalProperties" in json, place);
    }
    for (const [name, value] of Object.entries(json.properties ?? {})) {
      const said = "description" in value || "$ref" in value || value.anyOf ||
        value.type === "object";
      assert(said, `${place}/${name}`);
    }
    for (const [name, value] of Object.entries(json)) {
      visit(value as Record<string, unknown>, `${place}/${name}`);
    }
  };
  for (const [file, text] of schemaTexts()) visit(JSON.parse(text), file);
});

Deno.test("a document with a field that its schema lacks, or without one that it has, is refused", () => {
  const made = { model: "m", out: "r", rows: 1, bytes: 1, seconds: 0.5 };
  assertDocument("decode", made);
  assert.throws(() => assertDocument("decode", { ...made, more: 1 }), /more/);
  const { rows: _, ...less } = made;
  assert.throws(() => assertDocument("decode", less), /rows/);
  assert.throws(() => assertDocument("decode", { ...made, rows: -1 }), /rows/);
});

Deno.test("what train, encode, decode, evaluate, compare, sweep, export, steer and synthesize print fits", () =>
  inDirectory(async (folder) => {
    const at = (name: string) => join(folder, name);
    const model = at("model");
    await answer("train", SAMPLE, ...SMALL, "--out", model);
    const done = await answer(
      ...["train", SAMPLE, ...SMALL, "--out", model, "--resume"],
    );
    assert.equal(done.finishedBefore, true);
    const nested = ["--matryoshka", "4,rest", "--seed", "1"];
    await answer("train", SAMPLE, ...SMALL, ...nested, "--out", at("b"));
    const planned = await answer(
      ...["train", SAMPLE, ...SMALL, "--out", at("c"), "--dry-run"],
    );
    assert.deepEqual(planned.heldOut, { rows: done.heldOut.rows });
    await answer(
      ...["encode", model, SAMPLE, "--max-rows", "99", ...CPU],
      ...["--out", at("codes.parquet")],
    );
    await answer(
      ...["decode", model, at("codes.parquet"), "--out", at("rows.parquet")],
    );
    await answer("evaluate", model, "--truth", at("b"), ...CPU);
    const both = await answer(
      ...["evaluate", model, at("b"), SAMPLE, "--max-rows", "99", ...CPU],
    );
    assert.equal(both.models[1].metrics.prefixes.length, 2);
    await answer(
      ...["sweep", SAMPLE, "--max-rows", "300", "--atoms", "8,16"],
      ...["--sparsity", "2", "--vary", "ridge=0,1", "--passes", "1", ...CPU],
      ...["--out", at("sweep")],
    );
    for (const format of ["saelens-mp", "sparsify"]) {
      const out = at(format);
      await answer("export", model, "--format", format, "--out", out, ...CPU);
    }
    await answer(
      ...["export", model, "--format", "neuronpedia", "--text", "word"],
      ...["--model-name", "m", "--layer", "0", "--out", at("np"), ...CPU],
    );
    const steered = ["--atom", "1+,2-:0.5", "--out", at("s.safetensors")];
    await answer("steer", model, ...steered, ...CPU);
    const planted = ["--rows", "50", "--width", "8", "--atoms", "9"];
    await answer("synthesize", ...planted, "--out", at("x.parquet"));
    assertDocument("config", await readJson(model, "config.json"));
    const lines = await Deno.readTextFile(join(model, "metrics.jsonl"));
    for (const line of lines.trimEnd().split("\n")) {
      assertDocument("metrics-line", JSON.parse(line));
    }
  }));

Deno.test("what inspect and probe print fits, and what they keep; every answer of inspect names the model", () =>
  inDirectory(async (folder) => {
    const model = join(folder, "model");
    await answer("train", SAMPLE, ...SMALL, "--out", model);
    const inspect = (...args: string[]) => answer("inspect", model, ...args);
    const looking = [...CPU, "--text", "word", "--top", "3"];
    await inspect("--label", "1=one", "--label", "2=two");
    const answers = [
      await inspect(...looking, "--limit", "2"),
      await inspect(...looking, "--html", join(folder, "atoms.html")),
      await inspect(...looking, "--atom", "1"),
      await inspect(...looking, "--row", "3"),
      await inspect(...looking, "--search", "the", "--limit", "1"),
      await inspect("--forget"),
    ];
    for (const one of answers) assert.equal(one.model, model);
    assert.equal(answers[0].atoms.length, 2);
    assert.equal(answers[4].hits.length, 1);
    const classes = join(folder, "classes.csv");
    const rows = Array.from({ length: 900 }, (_, i) => `${"abc"[i % 3]}`);
    await Deno.writeTextFile(classes, `topic\n${rows.join("\n")}\n`);
    await answer(
      ...["probe", model, SAMPLE, "--max-rows", "900", ...CPU],
      ...["--labels", classes, "--class", "topic", "--min-rows", "20"],
      ...["--k", "1,2", "--tpp", "--absorption", "--write-labels"],
    );
    assertDocument("labels", await readJson(model, "labels.json"));
    assertDocument("probe-kept", await readJson(model, "probe.json"));
    const suggested = await readJson(model, "labels.suggested.json");
    assertDocument("labels-suggested", suggested);
    await inspect(...looking, "--atom", "0");
  }));

Deno.test("compare prints all pairs, and as many as --limit says", () =>
  inDirectory(async (folder) => {
    const [a, b] = ["a", "b"].map((name) => join(folder, name));
    await answer("train", SAMPLE, ...SMALL, "--out", a);
    await answer("train", SAMPLE, ...SMALL, "--seed", "1", "--out", b);
    const all = await answer("compare", a, b);
    assert.equal(all.pairs.length, 16);
    const three = await answer("compare", a, b, "--limit", "3");
    assert.deepEqual(three.pairs, all.pairs.slice(0, 3));
    assert.equal(three.mmcs, all.mmcs);
    const { stdout } = await runCli(["compare", a, b]);
    assert.equal(
      stdout.split(/^a +b +cosine$/m)[1].trim().split("\n").length,
      10,
    );
  }));

Deno.test("what a pipeline prints fits, what it logs, and the files of its root", () =>
  inDirectory(async (folder) => {
    const config = join(folder, "pipeline.json");
    const train = {
      ...{ atoms: 16, sparsity: 3, passes: 1, column: "embedding" },
      ...{ device: "cpu", threads: 1 },
    };
    await Deno.writeTextFile(
      config,
      JSON.stringify({ inputs: ["in/*"], root: "pipe", settle: 0, train }),
    );
    await Deno.mkdir(join(folder, "in"));
    const pipeline = (verb: string, ...args: string[]) =>
      runCli(["pipeline", verb, config, ...args, "--json"]);
    await pipeline("status");
    for (const [name, seed] of [["a", 1], ["b", 1], ["c", 2]] as const) {
      await answer(
        ...["synthesize", "--rows", "1500", "--width", "16", "--atoms", "16"],
        ...["--sparsity", "3", "--seed", `${seed}`],
        ...["--out", join(folder, "in", `${name}.parquet`)],
        ...["--truth", join(folder, `${name}.safetensors`)],
      );
      const { stderr } = await pipeline("run", "--log-level", "debug");
      for (const line of stderr.trimEnd().split("\n")) {
        assertDocument("pipeline-event", JSON.parse(line));
      }
    }
    await Deno.writeTextFile(join(folder, "in", "d.parquet"), "no");
    await Deno.remove(join(folder, "in", "a.parquet"));
    const refused = await pipeline("run");
    assert.equal(refused.code, 3);
    await pipeline("status");
    await pipeline("history");
    const { code, stdout } = await pipeline("rollback");
    assert.equal(code, 0, stdout);
    const root = join(folder, "pipe");
    assertDocument("heartbeat", await readJson(root, "heartbeat.json"));
    const judged = join(root, "versions", "v000003");
    assertDocument("config", await readJson(judged, "config.json"));
    assertDocument("drift", await readJson(judged, "drift.json"));
  }));

Deno.test("inspect --serve prints one document, ended by a signal too", () =>
  inDirectory(async (folder) => {
    const model = join(folder, "model");
    await answer("train", SAMPLE, ...SMALL, "--out", model);
    const args = ["inspect", model, ...CPU, "--text", "word", "--serve"];
    // A process of its own: those that read files here have given up the network.
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-q", "--no-check", "-P=dbksvd", "src/cli/main.ts"],
        ...[...args, "--json", "--quiet"],
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let stdout = "";
    const texts = child.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of texts) {
      stdout += text;
      if (stdout.endsWith("\n")) child.kill("SIGINT");
    }
    const stderr = await new Response(child.stderr).text();
    assert.equal((await child.status).code, 130, stderr);
    assertAnswer(args, 0, stdout);
    assert.match(stderr, /^dbksvd inspect: Stopped by SIGINT/m);
  }));

Deno.test("pipeline schedule prints one document when a signal ends it", () =>
  inDirectory(async (folder) => {
    const config = join(folder, "pipeline.json");
    const pipeline = {
      ...{ inputs: ["in/*"], root: "pipe", schedule: "0 3 1 1 *" },
      train: { atoms: 4, sparsity: 1 },
    };
    await Deno.writeTextFile(config, JSON.stringify(pipeline));
    const args = ["pipeline", "schedule", config, "--json"];
    const io = new FakeIo();
    const running = run(args, io);
    while (!io.stderr.includes("schedule.start")) {
      await new Promise((wait) => setTimeout(wait, 20));
    }
    for (const listen of io.listeners) listen("SIGINT");
    assert.equal(await running, 130, io.stdout + io.stderr);
    assertAnswer(args, 0, io.stdout);
    assert.match(io.stderr, /dbksvd pipeline schedule: Stopped by SIGINT/);
  }));

Deno.test("a model of 0.1.0 has a record that fits", async () => {
  const model = new URL("../fixtures/0.1.0/model/", import.meta.url).pathname;
  assertDocument("config", await readJson(model, "config.json"));
  assertDocument("labels", await readJson(model, "labels.json"));
});
