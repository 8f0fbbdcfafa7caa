import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { saveModel } from "../../src/model/directory.ts";
import { Sharing } from "../../src/sharing/share.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { HubModels } from "../net/hub_models.ts";

const ROOT = new URL("../../", import.meta.url);

/** What was asked of the hub: which addresses, in order, and bodies that are JSON without what differs by nature. */
function requestsTo(hub: HubModels) {
  return hub.seen.filter(({ method }) => method !== "GET")
    .map(({ method, path, body, headers }) => ({
      method,
      path,
      type: headers.get("content-type"),
      body: method === "PUT" ? `${body.length}` : comparable(body),
    }))
    // The library stores files side by side, in any order.
    .sort((a, b) => `${a.path}` < `${b.path}` ? -1 : 1);
}

function comparable(body: string): unknown {
  return body.split("\n").map((line) => {
    const { transfers: _, files: __, ...rest } = JSON.parse(line);
    // An empty description of a commit is as good as none.
    if (rest.key === "header") delete rest.value.description;
    return rest;
  });
}

async function byLibrary(hub: HubModels, folder: string, paths: string[]) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "-c", "tests/slow/hub/deno.json", "--no-check", "-A"],
      ...["tests/slow/hub/upload.ts", "me/words", folder, ...paths],
    ],
    cwd: ROOT,
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: hub.token },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

Deno.test("share asks the hub for what its own library asks, and the same files arrive", () =>
  inDirectory(async (folder) => {
    const model = join(folder, "model");
    await saveModel(model, makeModel({ width: 30, atoms: 50 }), CONFIG, []);
    for (const partBytes of [Infinity, 2500]) {
      await using ours = new HubModels();
      ours.partBytes = partBytes;
      const sharing = await Sharing.of(model, { repository: "me/words" });
      await sharing.send();
      const { files } = ours.repositories.get("me/words")!;
      const copy = join(folder, "copy");
      for (const [path, bytes] of files) {
        await Deno.mkdir(dirname(join(copy, path)), { recursive: true });
        await Deno.writeFile(join(copy, path), bytes);
      }
      await using theirs = new HubModels();
      theirs.partBytes = partBytes;
      await byLibrary(theirs, copy, [...files.keys()]);
      assert.deepEqual([ours.flaws, theirs.flaws], [[], []]);
      assert.deepEqual(theirs.repositories, ours.repositories);
      assert.deepEqual(requestsTo(ours), requestsTo(theirs));
    }
  }));
