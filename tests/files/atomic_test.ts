import assert from "node:assert/strict";
import { join } from "node:path";
import {
  writeDirectoryAtomically,
  writeFileAtomically,
} from "../../src/files/atomic.ts";
import { inDirectory } from "../directories.ts";

/** What reached the disk, and what was renamed, in order: a power cut can fall between any two. */
async function eventsOf(work: () => Promise<unknown>): Promise<string[]> {
  const events: string[] = [];
  const { rename, open } = Deno;
  const proto = Deno.FsFile.prototype;
  const { sync } = proto;
  const names = new WeakMap<Deno.FsFile, string>();
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    names.set(file, String(path).split("/").at(-1)!);
    return file;
  };
  proto.sync = function (this: Deno.FsFile) {
    events.push(`flush ${names.get(this)}`);
    return sync.call(this);
  };
  Deno.rename = (from, to) => {
    events.push(`rename to ${String(to).split("/").at(-1)}`);
    return rename(from, to);
  };
  try {
    await work();
  } finally {
    Object.assign(Deno, { rename, open });
    proto.sync = sync;
  }
  return events.map((event) => event.replace(/\.[0-9a-f]{8}\.tmp$/, ".tmp"));
}

const BYTES = new Uint8Array([1, 2, 3]);

Deno.test("writeFileAtomically() flushes the bytes before the name is theirs, and the name after", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "file");
    const events = await eventsOf(() => writeFileAtomically(path, [BYTES]));
    assert.deepEqual(events, [
      "flush .file.tmp",
      "rename to file",
      `flush ${directory.split("/").at(-1)}`,
    ]);
    assert.deepEqual(await Deno.readFile(path), BYTES);
  }));

Deno.test("writeDirectoryAtomically() flushes every file and the directory before it takes its place", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "model");
    const files = ["a", "b"].map((name) => ({ name, parts: [BYTES] }));
    const write = () => writeDirectoryAtomically(path, files);
    const parent = directory.split("/").at(-1);
    const built = ["flush a", "flush b", "flush .model.tmp"];
    assert.deepEqual(await eventsOf(write), [
      ...built,
      "rename to model",
      `flush ${parent}`,
    ]);
    assert.deepEqual(await eventsOf(write), [
      ...built,
      "rename to .model.previous",
      "rename to model",
      `flush ${parent}`,
    ]);
  }));

Deno.test("writeFileAtomically() says that its folder went away while it wrote", () =>
  inDirectory(async (directory) => {
    const folder = join(directory, "disk");
    await Deno.mkdir(folder);
    const { rename } = Deno;
    Deno.rename = async (from, to) => {
      await Deno.remove(folder, { recursive: true });
      return await rename(from, to);
    };
    try {
      await assert.rejects(
        writeFileAtomically(join(folder, "file"), [BYTES]),
        { kind: "run", message: /the place is no longer there; bring it back/ },
      );
    } finally {
      Deno.rename = rename;
    }
  }));
