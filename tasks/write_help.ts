/** Takes every command's help over into the snapshots that the tests compare with. */
import { helpTexts, SNAPSHOTS } from "../tests/cli/help_texts.ts";

await Deno.remove(SNAPSHOTS, { recursive: true }).catch(() => {});
await Deno.mkdir(SNAPSHOTS, { recursive: true });
for (const [file, text] of helpTexts()) {
  await Deno.writeTextFile(new URL(file, SNAPSHOTS), text);
}
