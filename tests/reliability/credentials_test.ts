import assert from "node:assert/strict";
import { join } from "node:path";
import { npyParts } from "../../src/files/npy.ts";
import { openRows } from "../../src/rows/open.ts";
import { trainToDirectory } from "../../src/use/train_directory.ts";
import { inDirectory } from "../directories.ts";
import { noise, SMALL } from "./runs.ts";

const SECRETS = ["pa55word", "s1gnature", btoa("alice:pa55word")];

async function bytesOf(parts: Uint8Array<ArrayBuffer>[]) {
  return await new Blob(parts).bytes();
}

/** Serves a file to those who know the password, wherever they ask for it. */
async function serving(
  file: Uint8Array<ArrayBuffer>,
  use: (origin: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, (request) => {
    if (request.headers.get("authorization") !== `Basic ${SECRETS[2]}`) {
      return new Response("No", { status: 401 });
    }
    if (!request.url.includes("rows.npy")) {
      return new Response("No", { status: 404 });
    }
    return new Response(file);
  });
  try {
    await use(`alice:pa55word@127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

async function filesUnder(directory: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) paths.push(...await filesUnder(path));
    else paths.push(path);
  }
  return paths;
}

function assertNoSecret(text: string, where: string): void {
  for (const secret of SECRETS) assert(!text.includes(secret), where);
}

async function assertNoSecretUnder(directory: string): Promise<void> {
  const paths = await filesUnder(directory);
  assert(paths.length > 0);
  for (const path of paths) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assertNoSecret(text, path);
  }
}

Deno.test("credentials in a URL reach no checkpoint, model, notice or error", async () => {
  const file = await bytesOf(
    npyParts(noise(300, 8), [300, 8]) as Uint8Array<ArrayBuffer>[],
  );
  await serving(file, async (place) => {
    await inDirectory(async (directory) => {
      const out = join(directory, "model");
      const controller = new AbortController();
      const notices: string[] = [];
      const source = await openRows(
        `http://${place}/rows.npy?X-Signature=s1gnature`,
      );
      const run = {
        device: "cpu" as const,
        onNotice: (notice: string) => notices.push(notice),
      };
      const reason = new Error("stop");
      await assert.rejects(
        trainToDirectory(source, SMALL, { out }, {
          ...run,
          signal: controller.signal,
          onProgress: () => controller.abort(reason),
        }),
        reason,
      );
      await assertNoSecretUnder(out);
      await trainToDirectory(source, SMALL, { out, resume: true }, run);
      await source.close();
      await assertNoSecretUnder(out);
      assertNoSecret(notices.join("\n"), "notices");
      const error = await openRows(`http://${place}/none.npy?X=s1gnature`)
        .then(() => assert.fail("it was opened"), (error) => error);
      assertNoSecret(`${error.stack} ${JSON.stringify(error)}`, "error");
    });
  });
});
