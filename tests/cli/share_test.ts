import assert from "node:assert/strict";
import { join } from "node:path";
import { saveModel } from "../../src/model/directory.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { HubModels } from "../net/hub_models.ts";
import { assertDocument } from "./documents.ts";

const ROOT = new URL("../../", import.meta.url);

// The command as the launcher starts it, with its own permissions and no more.
async function share(hub: HubModels, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=share", "--no-prompt"],
      ...["src/cli/main.ts", "share", ...args],
    ],
    cwd: ROOT,
    stdin: "null",
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: hub.token, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("share shows what would be sent, asks nobody, and sends with --yes", () =>
  inDirectory(async (folder) => {
    const model = join(folder, "model");
    await saveModel(model, makeModel({ width: 8, atoms: 12 }), CONFIG, []);
    await using hub = new HubModels();
    const args = [model, "--repo", "me/words", "--tag", "one", "two"];
    const shown = await share(hub, ...args);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^Would send 5 files, .* \(private\)\n/);
    assert.match(shown.stdout, /\n- "one"\n- "two"\n/);
    assert.match(shown.stdout, /No licence is named.*\nNothing was sent/);
    const planned = await share(hub, ...args, "--no-export", "--json");
    assertDocument("share", JSON.parse(planned.stdout));
    assert.equal(JSON.parse(planned.stdout).files.length, 3);
    assert.equal(hub.seen.length, 0);
    const sent = await share(hub, ...args, "--yes", "--license", "mit");
    assert.equal(sent.code, 0, sent.stderr);
    assert.match(sent.stdout, /^Made http.*\/me\/words \(private\): 5 files/);
    assert(!`${sent.stdout}${sent.stderr}`.includes(hub.token));
    assert.deepEqual(hub.flaws, []);
    assert.match(hub.text("me/words", "README.md"), /^license: "mit"$/m);
    const again = await share(hub, ...args, "--yes", "--json");
    const document = JSON.parse(again.stdout);
    assertDocument("share", document);
    assert.equal(document.sentBytes, 0);
    assert.equal(document.created, false);
  }));

Deno.test("share says what it cannot do without", () =>
  inDirectory(async (folder) => {
    await using hub = new HubModels();
    const refused = async (args: string[], code: number, message: RegExp) => {
      const ran = await share(hub, ...args);
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, message);
    };
    const model = join(folder, "model");
    await refused([model], 2, /--repo is missing/);
    await refused([model, "--repo", "me/words"], 3, /no such directory/);
    await saveModel(model, makeModel({ width: 8, atoms: 12 }), CONFIG, []);
    await refused([model, "--repo", "words"], 2, /USER\/NAME/);
    hub.makes = "public";
    const yes = ["--repo", "me/words", "--yes"];
    await refused([model, ...yes], 2, /was made public/);
    await refused([model, ...yes], 2, /say --public/);
  }));
