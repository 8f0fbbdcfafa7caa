import assert from "node:assert/strict";

const KERNELS = new URL("../../kernels/", import.meta.url);

async function fragments(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const folder = new URL("lib/", KERNELS);
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    found.set(name.replace(/\.wgsl$/, ""), text);
  }
  return found;
}

// The comment that a text begins with, without its marks.
function headOf(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("// "));
  return lines.slice(0, end).map((line) => line.slice(3)).join(" ");
}

// A text and all that it includes.
function withIncludes(text: string, all: Map<string, string>): string[] {
  const names = [...text.matchAll(/\/\/#include (\w+)/g)].map(([, name]) =>
    name
  );
  return [text, ...names.flatMap((name) => withIncludes(all.get(name)!, all))];
}

Deno.test("every fragment of a kernel says what it takes, gives and how it leaves, or what it declares and needs", async () => {
  for (const [name, text] of await fragments()) {
    if (name === "builtins") continue; // A list of parameters.
    const head = headOf(text);
    const inMain = /[Gg]ives/.test(head) && /Leaves: /.test(head);
    assert(inMain || /Declares: .*Needs: /.test(head), name);
  }
});

Deno.test("omp.wgsl's table says what each of its conditions means", async () => {
  const omp = await Deno.readTextFile(new URL("omp.wgsl", KERNELS));
  const table = headOf(omp);
  for (const text of withIncludes(omp, await fragments())) {
    for (const [, flag] of text.matchAll(/\/\/#if !?(\w+)/g)) {
      assert.match(table, new RegExp(`\\b${flag}\\b`), flag);
    }
  }
});
