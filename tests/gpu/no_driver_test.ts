import assert from "node:assert/strict";

/** Runs the tool as on a machine whose Vulkan loader finds no driver; what is left is OpenGL at best. */
async function withoutVulkan(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "-P=dbksvd", "src/cli/main.ts", ...args],
    env: {
      VK_DRIVER_FILES: "/nonexistent",
      VK_ICD_FILENAMES: "/nonexistent",
      NO_COLOR: "1",
    },
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("--device gpu without a Vulkan driver exits 4 and says what to install", async () => {
  const { code, stderr } = await withoutVulkan("bench", "--device", "gpu");
  assert.equal(code, 4);
  assert.match(stderr, /No GPU adapter was found: install a Vulkan driver/);
});

Deno.test("doctor without a Vulkan driver names the problem and its remedy", async () => {
  const { stdout } = await withoutVulkan("doctor", "--json");
  const { ok, adapter, problems } = JSON.parse(stdout);
  assert.equal(ok, false);
  assert.equal(adapter, null);
  assert.match(problems[0].mend, /driver/);
});

Deno.test("train without a Vulkan driver goes on with the CPU engine and says so", async () => {
  const out = await Deno.makeTempDir();
  const { code, stderr } = await withoutVulkan(
    "train",
    ...["--atoms", "32", "--sparsity", "2", "--passes", "1"],
    ...["--max-rows", "500", "--out", `${out}/model`],
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /CPU engine/);
  await Deno.remove(out, { recursive: true });
});
