import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyTree } from "../directories.ts";
import { runnableBlocks, saysTheSame } from "./documents.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// What the commands need of a checkout: they run in one of their own, as a newcomer's do.
const CHECKOUT = [
  ...["deno.json", "deno.lock", "mod.ts", "dbksvd", "src", "kernels"],
  ...["samples", "tasks", "docs"],
];
const DOCUMENTS = ["README.md", "docs/tutorial.md", "docs/parameters.md"];

Deno.test("saysTheSame() holds words and figures, and lets times and machines be the reader's own", () => {
  const line =
    "Learned 512 atoms from 9 000 rows, 3.1 s, on AMD EPYC (CPU engine)";
  const same = [
    "Learned 512 atoms from 9 000 rows, 1 min 20 s, on Intel(R) Xeon(R) (CPU engine)",
    "Learned 510 atoms from 9 001 rows, 3.1 s, on AMD EPYC (CPU engine)",
  ];
  for (const printed of same) assert(saysTheSame(line, printed), printed);
  const different = [
    "Learned 500 atoms from 9 000 rows, 3.1 s, on AMD EPYC (CPU engine)",
    "Learned 512 atoms from 9 000 rows, 3.1 s",
    "Learned 512 latents from 9 000 rows, 3.1 s, on AMD EPYC (CPU engine)",
  ];
  for (const printed of different) assert(!saysTheSame(line, printed), printed);
  assert(saysTheSame("fvu 0.2155", "fvu 0.2170"));
  assert(!saysTheSame("fvu 0.2155", "fvu 0.2180"));
});

Deno.test("the commands of README, tutorial and parameters do what stands there", async (t) => {
  const folder = await Deno.makeTempDir();
  for (const name of CHECKOUT) {
    await copyTree(join(ROOT, name), join(folder, name));
  }
  for (const file of DOCUMENTS) {
    const blocks = runnableBlocks(
      file,
      await Deno.readTextFile(join(ROOT, file)),
    );
    assert(blocks.length > 0, `${file} has no block marked "sh run"`);
    for (const { place, commands, output } of blocks) {
      await t.step(place, async () => {
        const { code, stdout, stderr } = await new Deno.Command("sh", {
          args: ["-e", "-c", commands.join("\n")],
          cwd: folder,
          stdin: "null",
          env: { NO_COLOR: "1", DBKSVD_DEVICE: "cpu" },
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        const printed = `${text(stdout)}${text(stderr)}`;
        assert.equal(code, 0, printed);
        const lines = printed.split("\n");
        for (const line of output) {
          const found = lines.some((one) => saysTheSame(line, one));
          assert(found, `"${line}" was not printed, but\n${printed}`);
        }
      });
    }
  }
  await Deno.remove(folder, { recursive: true });
});
