import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** Characters of a line, comments included. */
const MOST = 120;

/** Written by a formatter, a bundler or a printer, or data. */
const OTHERS = /^(tests\/fixtures|tests\/cli\/help|src\/report\/client_bundle)/;

async function filesUnder(
  folder: string,
  ending = /\.(ts|wgsl)$/,
): Promise<string[]> {
  const files: string[] = [];
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    const path = `${folder}${name}`;
    if (OTHERS.test(path)) continue;
    if (isDirectory) files.push(...await filesUnder(`${path}/`, ending));
    else if (ending.test(name)) files.push(path);
  }
  return files;
}

/** Whether a line is long for a text in quotes or a pattern, which the formatter leaves whole, or for an address. */
function holdsText(line: string): boolean {
  return /["`']|https?:\/\/|^\/\/#|^\s*\/[^/*]/.test(line);
}

Deno.test("lines of code and comments have at most 120 characters, texts in quotes and patterns apart", async () => {
  const long: string[] = [];
  for (const folder of ["src/", "kernels/", "tasks/", "tests/"]) {
    for (const file of await filesUnder(folder)) {
      const text = await Deno.readTextFile(new URL(file, ROOT));
      text.split("\n").forEach((line, i) => {
        const isComment = /^\s*(\/\/|\/?\*)/.test(line);
        if ([...line].length <= MOST) return;
        if (holdsText(line) && !isComment) return;
        if (/https?:\/\/|^\/\/#/.test(line)) return;
        long.push(`${file}:${i + 1}`);
      });
    }
  }
  assert.deepEqual(long, []);
});

/** Words that are not the field's, in parts so that they do not stand here either. */
const WORDS = ["fare-well", "after-math", "wish-es", "he-ar", "hea-rd", "to-ld"]
  .map((word) => word.replace("-", ""));

Deno.test("names, messages and documentation do without words that are not the field's", async () => {
  const pattern = new RegExp(`\\b(${WORDS.join("|")})\\b`, "i");
  const found: string[] = [];
  const files = ["README.md", "CHANGELOG.md", "SECURITY.md", "mod.ts"];
  for (const folder of ["src/", "kernels/", "tasks/", "tests/", "docs/"]) {
    files.push(...await filesUnder(folder, /\.(ts|wgsl|py|md|json)$/));
  }
  for (const file of files) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    text.split("\n").forEach((line, i) => {
      if (pattern.test(line)) found.push(`${file}:${i + 1}`);
    });
  }
  assert.deepEqual(found, []);
});
