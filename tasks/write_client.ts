/**
 * Bundles the atom browser's client into the one script that pages carry:
 *
 *   deno task write-client
 */
import { fileURLToPath } from "node:url";

const ENTRY = new URL("../src/report/client/start.ts", import.meta.url);
const BUNDLE = new URL("../src/report/client_bundle.js", import.meta.url);

/** The client as one script. */
export async function bundledClient(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--no-lock", "--platform", "browser"],
      ...["--format", "iife", fileURLToPath(ENTRY)],
    ],
    cwd: fileURLToPath(new URL("../", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  return `// Made from client/ by \`deno task write-client\`; change it there.\n${text}`;
}

if (import.meta.main) await Deno.writeTextFile(BUNDLE, await bundledClient());
