// Files that would not end, would be too much, or are no files: a typed error that names them, soon and in little
// memory.
import assert from "node:assert/strict";
import { join } from "node:path";
import { visible } from "../../src/cli/visible.ts";
import { DbksvdError } from "../../src/errors.ts";
import { LocalFile } from "../../src/files/bytes.ts";
import { openSafetensors } from "../../src/files/safetensors.ts";
import { parseJson, readText } from "../../src/files/text.ts";
import {
  loadModel,
  MODEL_FILES,
  saveModel,
} from "../../src/model/directory.ts";
import { openStore } from "../../src/pipeline/store.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { openRows } from "../../src/rows/open.ts";
import { train } from "../../src/use/train.ts";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import { runCli } from "../cli/fake_io.ts";
import { inDirectory } from "../directories.ts";

function naming(file: string, what: RegExp, kind = "data") {
  return (error: unknown) => {
    assert(error instanceof DbksvdError, `${error}`);
    assert.equal(error.kind, kind);
    assert.match(error.message, what);
    assert(error.message.includes(file), error.message);
    return true;
  };
}

async function pipe(path: string): Promise<string> {
  const made = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert(made.success);
  return path;
}

async function savedModel(directory: string): Promise<string> {
  const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
  const trained = await train(
    rowsFromArray(rows, 4),
    { atoms: 8, sparsity: 2, passes: 1 },
    { createEngine: createReferenceEngine },
  );
  const path = join(directory, "model");
  const model = { ...trained.model, labels: { "0": "\x1b[2Jblank" } };
  await saveModel(path, model, trained.config, trained.metrics);
  return path;
}

Deno.test("files of a model directory are regular files of bounded length and depth", () =>
  inDirectory(async (directory) => {
    const model = await savedModel(directory);
    for (const name of ["config", "labels", "dictionary"] as const) {
      const path = join(model, MODEL_FILES[name]);
      const kept = await Deno.readFile(path);
      const replacedBy = async (make: () => Promise<unknown>, what: RegExp) => {
        await Deno.remove(path, { recursive: true });
        await make();
        await assert.rejects(
          loadModel(model),
          naming(MODEL_FILES[name], what),
        );
      };
      await replacedBy(() => pipe(path), /pipe/);
      await replacedBy(() => Deno.symlink("/dev/zero", path), /device/);
      await replacedBy(() => Deno.mkdir(path), /directory/);
      if (name !== "dictionary") {
        const deep = "[".repeat(100_000);
        await replacedBy(() => Deno.writeTextFile(path, deep), /./);
      }
      await Deno.remove(path, { recursive: true });
      await Deno.writeFile(path, kept);
    }
    await loadModel(model);
  }));

Deno.test("headers, text and JSON have limits", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "large.safetensors");
    const file = await Deno.open(path, { write: true, create: true });
    const head = new Uint8Array(8);
    new DataView(head.buffer).setBigUint64(0, 99_000_000n, true);
    await file.write(head);
    await file.truncate(100_000_000);
    file.close();
    await assert.rejects(openSafetensors(path), naming(path, /99000000 bytes/));
    await assert.rejects(openRows(path), naming(path, /header/));
    await assert.rejects(
      readText(path, { bytes: 1000 }),
      naming(path, /longer than 1000 bytes/),
    );
    await assert.rejects(
      readText("/dev/zero", { bytes: 1000, pipes: true }),
      naming("/dev/zero", /longer/),
    );
    assert.throws(() => parseJson("[".repeat(65)), /64 deep/);
    const strings = JSON.stringify({ a: "[".repeat(100), b: '\\"[{' });
    assert.deepEqual(parseJson(strings), JSON.parse(strings));
  }));

Deno.test("rows are read from regular files only; where the system allows few open files, they take turns", () =>
  inDirectory(async (directory) => {
    const fifo = await pipe(join(directory, "rows.parquet"));
    await assert.rejects(openRows(fifo), naming(fifo, /pipe/));
    await assert.rejects(
      openRows("/dev/zero", { width: 4 }),
      naming("/dev/zero", /device/),
    );
    for (let i = 0; i < 60; i++) {
      const rows = new Float32Array(40).fill(i);
      await Deno.writeFile(
        join(directory, `${i}.f32`),
        new Uint8Array(rows.buffer),
      );
    }
    await Deno.remove(fifo);
    const script = join(directory, "read.ts");
    const source = new URL("../../src/rows/open.ts", import.meta.url);
    await Deno.writeTextFile(
      script,
      `import { openRows } from "${source}";
       const rows = await openRows(Deno.args[0], { width: 4 });
       let sum = 0;
       for await (const { data } of rows.batches(7)) for (const x of data) sum += x;
       console.log(rows.rowCount, sum);`,
    );
    const config = new URL("../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 48; exec "$0" run -q -A --no-check -c "$1" "$2" "$3"',
        Deno.execPath(),
        config,
        script,
        directory,
      ],
    }).output();
    const answer = new TextDecoder().decode(stdout).trim();
    assert.equal(answer, "600 70800", new TextDecoder().decode(stderr));
  }));

Deno.test("a disk that fails while rows are read is reported with the file's name", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "rows.f32");
    await Deno.writeFile(path, new Uint8Array(64));
    const file = new LocalFile(path);
    // What is open turns into a directory: every read of it fails, as a bad disk's do.
    await Deno.remove(path);
    file.close();
    await Deno.mkdir(path);
    assert.throws(
      () => file.readSync(0, new Uint8Array(8)),
      naming(path, /cannot be read, EISDIR/),
    );
  }));

Deno.test("a full disk in a pipeline is reported with the file's name", async () => {
  await inDirectory(async (directory) => {
    // A device that is always full; only a process with all permissions may open one.
    const script = join(directory, "write.ts");
    const writer = new URL(
      "../../src/pipeline/stored_rows.ts",
      import.meta.url,
    );
    await Deno.writeTextFile(
      script,
      `import { StoredRowsWriter } from "${writer}";
       using writer = await StoredRowsWriter.create("/dev/full", 1024);
       try {
         await writer.append(new Float32Array(1024));
       } catch ({ kind, message, where, mend }) {
         console.log(kind, where.file, message, mend);
       }`,
    );
    const config = new URL("../deno.json", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", "--no-check", "-c", config, script],
    }).output();
    assert.match(
      new TextDecoder().decode(stdout),
      /^run \/dev\/full .*No space left.*free some disk space/,
      new TextDecoder().decode(stderr),
    );
    const path = join(directory, "pipeline.sqlite");
    const store = openStore(path);
    const { pages } = store.one<{ pages: number }>(
      "SELECT page_count AS pages FROM pragma_page_count()",
    )!;
    store.one(`PRAGMA max_page_count = ${pages}`);
    assert.throws(() =>
      store.transaction(() => {
        for (let i = 0; i < 1000; i++) {
          store.run("INSERT INTO facts (name, value) VALUES (:name, :value)", {
            name: `${i}`,
            value: "x".repeat(1000),
          });
        }
      }), naming(path, /full.*free some disk space/, "run"));
    store.close();
  });
});

Deno.test("what a terminal would obey in labels and names is written out", () =>
  inDirectory(async (directory) => {
    assert.equal(visible("a\x1b[2Jb\u202ec\td\n"), "a\\x1b[2Jb\\u202ec\td\n");
    const path = join(directory, "\x1b]0;x\x07.parquet");
    const { code, stderr } = await runCli(["train", path, "--dry-run"]);
    assert.equal(code, 3);
    assert(stderr.includes("\\x1b]0;x\\x07.parquet"), stderr);
    assert(!stderr.includes("\x1b]"));
    const model = await savedModel(directory);
    const shown = await runCli(["inspect", model, "--label", "1=mine"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert(shown.stdout.includes("\\x1b[2Jblank"), shown.stdout);
    assert(!shown.stdout.includes("\x1b"));
  }));
