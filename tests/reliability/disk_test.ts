import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DbksvdError } from "../../src/errors.ts";
import {
  CHECKPOINT_DIRECTORY,
  listCheckpoints,
  readCheckpoint,
} from "../../src/model/checkpoint.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory, namesIn } from "../directories.ts";
import { dictionaryBytes, SMALL, smallSource } from "./runs.ts";

function isWriteError(words: RegExp) {
  return (error: unknown) =>
    error instanceof DbksvdError && error.kind === "run" &&
    words.test(error.message);
}

const CHILD = join(import.meta.dirname!, "kill_child.ts");

/** Runs shell text with the training child's command line as `$@`. */
async function shell(
  text: string,
  args: string[],
): Promise<{ code: number; err: string }> {
  const child = [Deno.execPath(), "run", "--no-check", "-A", CHILD, ...args];
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", text, "sh", ...child],
    stdout: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

/**
 * A 3 MB disk where the machine allows mounts: room for one checkpoint of 2 MB, but not for the next one's temporary
 * file.
 */
const SMALL_DISK = 'mount -t tmpfs -o size=3m tmpfs "$PLACE"; "$@"; code=$?; ' +
  'cp -r "$PLACE" "$PLACE.after"; exit $code';

/** Where it does not: no file may be longer than 1 MB. */
const SMALL_FILES = 'trap "" XFSZ; ulimit -f 2048; "$@"; code=$?; ' +
  'cp -r "$PLACE" "$PLACE.after"; exit $code';

async function filesUnder(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) paths.push(...await filesUnder(path));
    else paths.push(path);
  }
  return paths;
}

async function mayMount(): Promise<boolean> {
  const { success } = await new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"],
    stdout: "null",
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success;
}

Deno.test("trainToDirectory() on a full disk says so and leaves no half-written file", async () => {
  await inDirectory(async (directory) => {
    const place = join(directory, "disk");
    await Deno.mkdir(place);
    const mounts = await mayMount();
    const limited = mounts
      ? `PLACE='${place}' exec unshare -m sh -c '${SMALL_DISK}' sh "$@"`
      : `PLACE='${place}'; ${SMALL_FILES}`;
    const { code, err } = await shell(limited, [
      join(place, "model"),
      "cpu",
      "5",
    ]);
    assert.notEqual(code, 0);
    assert.match(
      err,
      mounts
        ? /Cannot write: No space left.*free some disk space.*--resume/
        : /Cannot write: File too large/,
    );
    const left = await filesUnder(`${place}.after`);
    assert(!left.some((path) => path.endsWith(".tmp")), left.join("\n"));
    // Where no file may be longer than 1 MB, no checkpoint ever was.
    if (!mounts) return assert.deepEqual(left, []);
    const kept = join(`${place}.after`, "model", CHECKPOINT_DIRECTORY);
    const checkpoints = await listCheckpoints(kept);
    assert.equal(checkpoints.length, 1);
    for (const path of checkpoints) await readCheckpoint(path);
    const itself = await shell(
      `PLACE='${place}' exec unshare -m sh -c '${SMALL_DISK}' sh "$@"`,
      [place, "cpu", "5"],
    );
    assert.match(itself.err, /is a mount point, which cannot be replaced/);
  });
});

Deno.test("trainToDirectory() refuses a place that cannot be written before any work", async () => {
  await inDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "");
    const places = [
      ["/proc/dbksvd/model", /Cannot write.*name another place/],
      [join(file, "model"), /Cannot write.*check the place/],
    ] as const;
    for (const [out, words] of places) {
      await assert.rejects(
        trainToDirectory(smallSource(), SMALL, { out }, {
          createEngine: () => assert.fail("work was begun"),
        }),
        isWriteError(words),
      );
    }
  });
});

Deno.test("trainToDirectory() refuses outputs that could not be replaced as a whole", async () => {
  await inDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "precious");
    for (const out of [".", "..", "/", file]) {
      await assert.rejects(
        trainToDirectory(smallSource(), SMALL, { out, overwrite: true }),
        (error: unknown) =>
          error instanceof DbksvdError && error.exitCode === 2,
      );
    }
    assert.equal(await Deno.readTextFile(file), "precious");
  });
});

/**
 * What befalls a run's disk after its first checkpoint, where the machine allows mounts. The checkpoints lie on a
 * disk of their own: the kernel makes none read-only where a file is open for writing, as a run's lock is.
 */
const MOUNTED = {
  "becomes read-only": {
    words: /Cannot write: Read-only file system.*--resume/,
    before: 'mkdir -p "$PLACE/model/.checkpoint" && ' +
      'mount -t tmpfs tmpfs "$PLACE/model/.checkpoint"',
    event: 'mount -o remount,ro "$PLACE/model/.checkpoint"',
    after: 'cp -r "$PLACE/model" "$PLACE.after"',
  },
  "is taken away": {
    words: /place is no longer there.*--resume/,
    before: 'mkdir "$PLACE.disk" && mount -t tmpfs tmpfs "$PLACE.disk" && ' +
      'mount --bind "$PLACE.disk" "$PLACE"',
    event: 'umount -l "$PLACE"',
    after: 'cp -r "$PLACE.disk/model" "$PLACE.after"',
  },
};

/** Where it does not: the directory of the checkpoints gives way to a file, in which nothing can be written either. */
const UNMOUNTED = {
  words: /Cannot write: Not a directory.*--resume/,
  before: "true",
  event: 'mv "$PLACE/model/.checkpoint" "$PLACE.kept" && ' +
    'touch "$PLACE/model/.checkpoint"',
  after: 'mkdir "$PLACE.after" && mv "$PLACE.kept" "$PLACE.after/.checkpoint"',
};

for (const [befalls, mounted] of Object.entries(MOUNTED)) {
  Deno.test(`trainToDirectory() whose disk ${befalls} says so, and goes on from what was saved to the same bytes`, async () => {
    await inDirectory(async (directory) => {
      const place = join(directory, "disk");
      await Deno.mkdir(place);
      const mounts = await mayMount();
      const { words, before, event, after } = mounts ? mounted : UNMOUNTED;
      const script = `PLACE='${place}'; ${before} || exit 98; "$@" & ` +
        `until ls "$PLACE"/model/.checkpoint/checkpoint-* > /dev/null 2>&1; ` +
        `do sleep 0.01; done; until ${event}; do sleep 0.001; done; ` +
        `wait $!; code=$?; ${after} || exit 97; exit $code`;
      const out = join(place, "model");
      const { code, err } = await shell(
        mounts
          ? `exec unshare -m sh -c '${script.replaceAll("'", `'"'"'`)}' sh "$@"`
          : script,
        [out, "cpu", "12"],
      );
      assert.equal(code, 1, err);
      assert.match(err, words);
      const saved = `${place}.after`;
      const kept = join(saved, CHECKPOINT_DIRECTORY);
      const checkpoints = await listCheckpoints(kept);
      assert(checkpoints.length >= 1);
      for (const path of checkpoints) await readCheckpoint(path);
      const straight = join(directory, "straight");
      for (const model of [saved, straight]) {
        const run = await shell('exec "$@"', [model, "cpu", "12"]);
        assert.equal(run.code, 0, run.err);
      }
      assert.deepEqual(
        await dictionaryBytes(saved),
        await dictionaryBytes(straight),
      );
    });
  });
}

for (const back of [false, true]) {
  const gone = back ? "was replaced by another" : "is gone";
  Deno.test(`trainToDirectory() stops where the output's place ${gone}, and what was saved there stays`, async () => {
    await inDirectory(async (directory) => {
      const out = join(directory, "mount", "model");
      const away = join(directory, "away");
      let decisions = 0;
      await assert.rejects(
        trainToDirectory(smallSource(), SMALL, {
          out,
          checkpointEvery: { iterations: 1 },
        }, {
          device: "cpu",
          onDecision: async () => {
            if (++decisions !== 2) return;
            await Deno.rename(dirname(out), away);
            if (back) await Deno.mkdir(dirname(out));
          },
        }),
        isWriteError(/place is no longer there.*--resume/),
      );
      const kept = join(away, "model", CHECKPOINT_DIRECTORY);
      const checkpoints = await listCheckpoints(kept);
      assert.equal(checkpoints.length, 2);
      for (const path of checkpoints) await readCheckpoint(path);
      if (back) assert.deepEqual(await namesIn(dirname(out)), []);
    });
  });
}
