import assert from "node:assert/strict";
import { join } from "node:path";
import { CARD_MARK } from "../../src/sharing/card.ts";
import { Sharing } from "../../src/sharing/share.ts";
import { HubModels } from "../net/hub_models.ts";
import { REPO, share, withModel } from "./shared_models.ts";

Deno.test("a card of somebody's own stays, one that was made here is made anew", () =>
  withModel(async (directory) => {
    await using hub = new HubModels();
    await share(directory);
    const made = hub.text(REPO, "README.md");
    assert(made.includes(CARD_MARK));
    await share(directory, { tags: ["words"] });
    assert.match(hub.text(REPO, "README.md"), /- "words"/);
    const { files } = hub.repositories.get(REPO)!;
    const own = new TextEncoder().encode(made.replace(CARD_MARK, "Mine."));
    files.set("README.md", own);
    await share(directory);
    assert.match(hub.text(REPO, "README.md"), /Mine\./);
    const card = join(directory, "..", "card.md");
    await Deno.writeTextFile(card, "# Another");
    await share(directory, { card });
    assert.equal(hub.text(REPO, "README.md"), "# Another");
  }));

Deno.test("the card has the hub's front matter, the figures and ways of use", () =>
  withModel(async (directory) => {
    const { plan } = await Sharing.of(directory, {
      repository: REPO,
      baseModel: "openai-community/gpt2",
      datasets: ["o/n"],
      license: "cc-by-4.0",
    });
    const [, front, body] = plan.card.split("---\n");
    assert.match(body, /Rows were scaled to length 1/);
    assert.deepEqual(front.trimEnd().split("\n"), [
      "library_name: saelens",
      'license: "cc-by-4.0"',
      'base_model: "openai-community/gpt2"',
      "datasets:",
      '- "o/n"',
      "tags:",
      '- "dictionary-learning"',
      '- "sparse-autoencoder"',
      '- "interpretability"',
      '- "dbksvd"',
      '- "saelens"',
    ]);
    assert.match(body, /^# words$/m);
    assert.match(body, /40 atoms for rows of 20 dimensions of `openai/);
    assert.match(body, /SAE\.from_pretrained\("me\/words", "saelens-mp"\)/);
    assert.match(body, /names 1 atom/);
    const bare = await Sharing.of(directory, { repository: REPO, exports: [] });
    assert.match(bare.plan.card, /^library_name: dbksvd$/m);
    assert(!bare.plan.files.some(({ path }) => path.includes("/")));
  }));
