import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import type { UploadProgress } from "../../src/net/hub_upload.ts";
import type { ShareOptions } from "../../src/sharing/share.ts";
import { exportModel } from "../../src/use/export.ts";
import { importModel } from "../../src/use/import.ts";
import { originOf, withOrigin } from "../../src/use/output_claim.ts";
import { inDirectory } from "../directories.ts";
import { makeModel } from "../model/models.ts";
import { status } from "../net/fault_server.ts";
import { HubModels } from "../net/hub_models.ts";
import {
  QUICK,
  RECORD,
  REPO,
  SECRETS,
  share,
  withModel,
} from "./shared_models.ts";

Deno.test("share puts a model on the hub, private, and it is read there as it was", () =>
  withModel(async (directory, model) => {
    await using hub = new HubModels();
    const shared = await share(directory);
    assert.deepEqual(hub.flaws, []);
    assert.equal(shared.created, true);
    assert.equal(shared.public, false);
    const { files, commits, private: isPrivate } = hub.repositories.get(REPO)!;
    assert.equal(isPrivate, true);
    assert.equal(commits.length, 1);
    assert.deepEqual([...files.keys()].sort(), [
      "README.md",
      "config.json",
      "dictionary.safetensors",
      "labels.json",
      "saelens-mp/cfg.json",
      "saelens-mp/labels.json",
      "saelens-mp/sae_weights.safetensors",
    ]);
    await inDirectory(async (copy) => {
      for (const [path, bytes] of files) {
        await Deno.mkdir(dirname(join(copy, path)), { recursive: true });
        await Deno.writeFile(join(copy, path), bytes);
      }
      const loaded = await loadModel(copy);
      assert.deepEqual(loaded.model, model);
      assert.deepEqual(loaded.config.rows, RECORD.rows);
      const sae = await importModel(join(copy, "saelens-mp"));
      assert.equal(sae!.width, 20);
    });
  }));

Deno.test("nothing that is shared tells of paths, hosts, filters and machines", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    await share(directory, { report: true });
    const { files } = hub.repositories.get(REPO)!;
    assert(files.has("report.html"));
    for (const [path, bytes] of files) {
      const text = new TextDecoder().decode(bytes);
      for (const secret of SECRETS) {
        assert(!text.includes(secret), `${path} tells ${secret}`);
      }
    }
    const config = JSON.parse(hub.text(REPO, "config.json"));
    assert.deepEqual(config.reading, { unitNorm: true });
    assert.equal(config.parameters.atoms, RECORD.parameters.atoms);
    assert.equal(config.distributed.library, "MPICH 4.0.2");
    assert.equal(config.decoder.device.name, "A processor");
    assert.deepEqual(config.inputs[0], {
      ...{ path: "(input 1)", rows: 9, bytes: 90 },
    });
  }));

Deno.test("the token goes to the hub alone, and DBKSVD_HTTP_HEADERS nowhere", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    Deno.env.set("DBKSVD_HTTP_HEADERS", "x-secret: 1");
    try {
      await share(directory);
    } finally {
      Deno.env.delete("DBKSVD_HTTP_HEADERS");
    }
    const stored = hub.seen.filter(({ path }) => path.startsWith("/storage/"));
    assert.equal(stored.length, 2);
    assert(hub.seen.every(({ headers }) => !headers.has("x-secret")));
    assert.deepEqual(hub.flaws, []);
  }));

Deno.test("the hub is asked to verify a file that is stored, where it asks for that: with the token at its own host alone", () =>
  withModel(async (directory) => {
    for (const verifies of ["hub", "storage"] as const) {
      await using hub = new HubModels();
      hub.verifies = verifies;
      await share(directory);
      assert.deepEqual(hub.flaws, []);
      assert.deepEqual(hub.verified.sort(), [...hub.storage.keys()].sort());
    }
  }));

Deno.test("an upload that broke off goes on with what is missing; the same again sends nothing", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    let puts = 0;
    hub.fault = (_, count) => {
      const seen = hub.seen[count - 1];
      return seen.method === "PUT" && ++puts > 1 ? status(500) : hub.hub(seen);
    };
    await assert.rejects(share(directory), /failed 3 times/);
    assert.equal(hub.storage.size, 1);
    assert.deepEqual([...hub.repositories.get(REPO)!.files], []);
    hub.fault = (_, count) => hub.hub(hub.seen[count - 1]);
    const [one] = hub.storage.values();
    const { sentBytes, created } = await share(directory);
    assert.equal(created, false);
    assert.equal(hub.storage.size, 2);
    const all = [...hub.storage.values()]
      .reduce((sum, { length }) => sum + length, 0);
    assert.equal(sentBytes, all - one.length);
    assert.equal((await share(directory)).sentBytes, 0);
    assert.equal(hub.repositories.get(REPO)!.commits.length, 2);
  }));

Deno.test("large files go in parts, and progress tells of every byte", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    hub.partBytes = 1500;
    const steps: UploadProgress[] = [];
    const { sentBytes } = await share(directory, {}, {
      ...QUICK,
      onProgress: (progress) => void steps.push(progress),
    });
    assert.deepEqual(hub.flaws, []);
    for (const phase of ["hashing", "sending"]) {
      const own = steps.filter((progress) => progress.phase === phase)
        .map(({ done }) => done);
      assert.equal(own.at(-1), sentBytes);
      assert.deepEqual(own, own.toSorted((a, b) => a - b));
    }
    assert(steps.every(({ total }) => total === sentBytes));
    assert(hub.seen.filter(({ method }) => method === "PUT").length > 4);
  }));

Deno.test("a hub that is busy is asked again, when it says; one that refuses tells why", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    const busy = new Set<string>();
    hub.fault = (_, count) => {
      const seen = hub.seen[count - 1];
      if (busy.has(seen.path)) return hub.hub(seen);
      busy.add(seen.path);
      return status(429, { "retry-after": "0" });
    };
    await share(directory);
    assert.deepEqual(hub.flaws, []);
    hub.fault = (_, count) =>
      hub.seen[count - 1].path.endsWith("/commit/main")
        ? status(503, { "retry-after": "600" })
        : hub.hub(hub.seen[count - 1]);
    await assert.rejects(share(directory), /come back in 10 min/);
    hub.fault = (_, count) =>
      hub.seen[count - 1].path.endsWith("/commit/main")
        ? Response.json({ error: "Invalid\nmetadata" }, { status: 400 })
        : hub.hub(hub.seen[count - 1]);
    await assert.rejects(share(directory), /Hub refuses: Invalid metadata/);
    Deno.env.set("HF_TOKEN", "hf_other");
    await assert.rejects(share(directory), /answers 401.*HF_TOKEN/);
    Deno.env.delete("HF_TOKEN");
    await assert.rejects(share(directory), /HF_TOKEN is not set/);
    Deno.env.set("HF_ENDPOINT", "http://hub.example");
    Deno.env.set("HF_TOKEN", "hf_other");
    await assert.rejects(share(directory), /https:\/\//);
  }));

Deno.test("nothing goes into a public repository unless that was asked for", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    hub.makes = "public";
    await assert.rejects(share(directory), /was made public/);
    await assert.rejects(share(directory), /repository is public/);
    assert.equal(hub.storage.size, 0);
    const shared = await share(directory, { public: true });
    assert.equal(shared.public, true);
    hub.repositories.get(REPO)!.private = true;
    const notices: string[] = [];
    const again = await share(directory, { public: true }, {
      ...QUICK,
      onNotice: (notice) => notices.push(notice),
    });
    assert.equal(again.public, false);
    assert.match(notices[0], /stays so/);
  }));

Deno.test("exports and pages are shared where they are of the model", () =>
  withModel(async (directory, model) => {
    await using hub = new HubModels();
    const made = join(directory, "..", "sae");
    const other = join(directory, "..", "other");
    const datasetPath = "/home/ann/data";
    await exportModel(model, { format: "saelens-mp", out: made, datasetPath });
    const another = makeModel({ width: 20, atoms: 10 });
    await exportModel(another, { format: "saelens-mp", out: other });
    const refused = (options: Partial<ShareOptions>, message: RegExp) =>
      assert.rejects(share(directory, options), message);
    await refused({ exports: [other] }, /no export of this model/);
    await refused({ exports: [directory] }, /no export of this model/);
    const page = join(directory, "..", "atoms.html");
    const text = '<!doctype html>\n<meta charset="utf-8">\n';
    await Deno.writeTextFile(page, text);
    await refused({ pages: [page] }, /no atoms of this model/);
    const origin = await originOf("inspect", model, []);
    await Deno.writeTextFile(page, withOrigin(text, origin));
    await Deno.writeTextFile(join(made, "labels.lost.json"), "[]");
    await share(directory, { exports: [made, made], pages: [page] });
    const { files } = hub.repositories.get(REPO)!;
    assert(![...files.keys()].some((path) => path.includes("lost")));
    assert(files.has("2-saelens-mp/cfg.json") && files.has("atoms.html"));
    assert(!hub.text(REPO, "saelens-mp/cfg.json").includes("/home/ann"));
    assert.match(hub.text(REPO, "README.md"), /\(atoms\.html\)/);
  }));

Deno.test("an export is shared with the names that somebody wrote into it", () =>
  withModel(async (directory, model) => {
    await using hub = new HubModels();
    const out = join(directory, "..", "sae");
    await exportModel(model, { format: "saelens-mp", out });
    const mine = JSON.stringify({ "5": "mine" });
    await Deno.writeTextFile(join(out, "labels.json"), mine);
    await share(directory, { exports: [out] });
    const labels = hub.text(REPO, "saelens-mp/labels.json");
    assert.deepEqual(JSON.parse(labels), { "5": "mine" });
  }));

Deno.test("a repository's name is USER/NAME", () =>
  withModel(async (directory) => {
    for (const name of ["words", "a/b/c", "../x", "a/..", "a/b.git", "a b/c"]) {
      await assert.rejects(
        share(directory, { repository: name }),
        /USER\/NAME/,
      );
    }
  }));

Deno.test("names and exports of an earlier dictionary do not stay beside another one; what is this one's does", () =>
  withModel(async (directory, model) => {
    await using hub = new HubModels();
    const made = async (
      of: typeof model,
      format: "saelens-mp" | "saebench",
    ) => {
      const out = join(directory, "..", `${format}-${of === model}`);
      await exportModel(of, { format, out });
      return out;
    };
    await share(directory, {
      exports: [await made(model, "saelens-mp"), await made(model, "saebench")],
      report: true,
    });
    const files = () => hub.repositories.get(REPO)!.files;
    files().set("notes/labels.json", new Uint8Array(1));
    files().set("saelens-mp/notes.md", new Uint8Array(1));
    files().set("sparsify/cfg.json", new TextEncoder().encode("{}"));
    // Of the same dictionary: all of it stays.
    const same = await share(directory);
    assert.deepEqual(same.removed, []);
    assert(files().has("saebench/cfg.json"));
    await Deno.remove(join(directory, "labels.json"));
    const nameless = await share(directory, { exports: [] });
    assert.deepEqual(nameless.removed, []);
    assert(files().has("labels.json"));

    const dictionary = model.dictionary.toReversed();
    const other = makeModel({ width: 20, atoms: 40, dictionary });
    await saveModel(directory, other, RECORD, []);
    const notices: string[] = [];
    const { removed } = await share(directory, {}, {
      ...QUICK,
      onNotice: (notice) => notices.push(notice),
    });
    assert.deepEqual(removed.filter((path) => !path.startsWith("saebench/")), [
      "labels.json",
      "saelens-mp/labels.json",
    ]);
    assert.deepEqual([...files().keys()].sort(), [
      "README.md",
      "config.json",
      "dictionary.safetensors",
      "notes/labels.json",
      "report.html",
      "saelens-mp/cfg.json",
      "saelens-mp/notes.md",
      "saelens-mp/sae_weights.safetensors",
      "sparsify/cfg.json",
    ]);
    assert.match(notices.join("\n"), /Taken away .* labels\.json, saebench/);
    assert.match(notices.join("\n"), /Pages stay .* report\.html/);
    assert.deepEqual(hub.flaws, []);
  }));
