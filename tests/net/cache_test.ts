import assert from "node:assert/strict";
import { join } from "node:path";
import { BlockCache, type BlockKey } from "../../src/net/cache.ts";
import { inDirectory } from "../directories.ts";

const KEY: BlockKey = {
  url: "https://a.example/x",
  version: '"1" 8',
  index: 0,
};
const OTHER: BlockKey = { ...KEY, version: '"2" 8' };
const BYTES = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) names.push(name);
  return names;
}

Deno.test("a kept block that was damaged, or is another file's, is fetched again", () =>
  inDirectory(async (directory) => {
    const cache = new BlockCache(directory, 1 << 20);
    await cache.put(KEY, BYTES);
    assert.deepEqual(await cache.get(KEY, 8), BYTES);
    // Sound, and yet not what is asked for: the file has another length by now.
    assert.equal(await cache.get(KEY, 7), undefined);
    assert.equal(await cache.get(KEY, 9), undefined);
    const path = join(directory, (await namesIn(directory))[0]);
    const sound = await Deno.readFile(path);
    for (const at of [0, 20, sound.length - 1]) {
      const damaged = sound.slice();
      damaged[at] ^= 1;
      await Deno.writeFile(path, damaged);
      assert.equal(await cache.get(KEY, 8), undefined, `byte ${at}`);
    }
    await cache.put(OTHER, new Uint8Array(8));
    const other = (await namesIn(directory))
      .find((name) => join(directory, name) !== path)!;
    await Deno.writeFile(join(directory, other), sound);
    assert.equal(await cache.get(OTHER, 8), undefined);
  }));

Deno.test("a cache that cannot be written to or read stops nothing; remains of killed runs go, and nothing of anybody else's", () =>
  inDirectory(async (directory) => {
    const notices: string[] = [];
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    const broken = new BlockCache(
      join(file, "cache"),
      1 << 20,
      (notice) => notices.push(notice),
    );
    await broken.put(KEY, BYTES);
    assert.equal(await broken.get(KEY, 8), undefined);
    assert.match(notices[0], /nothing is kept there/);
    const block = `${"0a".repeat(32)}.block`;
    const remains = `${block}.${crypto.randomUUID()}.tmp`;
    const others = ["draft.tmp", "city.block"];
    for (const name of [remains, block, ...others]) {
      const path = join(directory, name);
      await Deno.writeTextFile(path, "something");
      await Deno.utime(path, new Date(0), new Date(0));
    }
    await new BlockCache(directory, 40).put(KEY, BYTES);
    const names = (await namesIn(directory)).sort();
    assert.equal(names.length, 4, names.join());
    assert(!names.includes(remains) && !names.includes(block));
    for (const name of others) assert(names.includes(name), name);
  }));
