import assert from "node:assert/strict";
import { join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import {
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from "../../src/model/checkpoint.ts";
import { inDirectory, namesIn } from "../directories.ts";

const VALUE = {
  iteration: 12,
  dictionary: Float32Array.of(1, -0, 3e-40, 4),
  window: [Uint32Array.of(1, 0xFFFFFFFF), new Uint32Array(0)],
  text: "größe",
};

function isDataError(words: RegExp) {
  return (error: unknown) =>
    error instanceof DbksvdError && error.kind === "data" &&
    words.test(error.message);
}

Deno.test("readCheckpoint() gives back what writeCheckpoint() wrote, and nothing else is left", async () => {
  await inDirectory(async (directory) => {
    const place = join(directory, "out", ".checkpoint");
    const path = await writeCheckpoint(place, 12, VALUE);
    assert.deepEqual(await readCheckpoint(path), VALUE);
    assert.deepEqual(await namesIn(place), [
      "checkpoint-000000000012.safetensors",
    ]);
  });
});

Deno.test("readCheckpoint() detects a change of any byte", async () => {
  await inDirectory(async (directory) => {
    const path = await writeCheckpoint(directory, 1, VALUE);
    const bytes = await Deno.readFile(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      await Deno.writeFile(path, damaged);
      // Spaces that pad the header may become other white space: nothing that is read depends on them.
      const read = await readCheckpoint(path).catch((error) => error);
      if (read instanceof DbksvdError) assert.equal(read.kind, "data");
      else assert.deepEqual(read, VALUE);
    }
  });
});

Deno.test("readCheckpoint() detects a file cut short anywhere", async () => {
  await inDirectory(async (directory) => {
    const path = await writeCheckpoint(directory, 1, VALUE);
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length += 7) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assert.rejects(readCheckpoint(path), isDataError(/./));
    }
  });
});

Deno.test("readCheckpoint() refuses another format version with a word", async () => {
  await inDirectory(async (directory) => {
    const path = await writeCheckpoint(directory, 1, VALUE);
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    const changed = text.replace(
      '"format_version":"3"',
      '"format_version":"1"',
    );
    await Deno.writeFile(
      path,
      Uint8Array.from(changed, (char) => char.charCodeAt(0)),
    );
    await assert.rejects(
      readCheckpoint(path),
      isDataError(
        /format 1.*reads format 3.*the version of dbksvd that wrote it.*--overwrite/,
      ),
    );
  });
});

Deno.test("listCheckpoints() lists the latest first, and pruneCheckpoints() keeps what it is given", async () => {
  await inDirectory(async (directory) => {
    assert.deepEqual(await listCheckpoints(join(directory, "none")), []);
    const paths = [];
    for (const iteration of [2, 10, 9]) {
      paths.push(await writeCheckpoint(directory, iteration, VALUE));
    }
    await Deno.writeTextFile(join(directory, "other.txt"), "stays");
    const [two, ten, nine] = paths;
    assert.deepEqual(await listCheckpoints(directory), [ten, nine, two]);
    await pruneCheckpoints(directory, [ten]);
    assert.deepEqual(await listCheckpoints(directory), [ten]);
    assert.equal((await namesIn(directory)).length, 2);
  });
});
