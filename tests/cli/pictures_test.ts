import assert from "node:assert/strict";
import { join } from "node:path";
import { saveModel } from "../../src/model/directory.ts";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import { DRAWN_WIDTH, writeDrawn } from "../inspection/drawn_pictures.ts";
import { CONFIG, makeModel } from "../model/models.ts";
import { runCli } from "./fake_io.ts";

async function withDrawn(
  work: (
    run: (command: string, ...args: string[]) => Promise<
      { code: number; stdout: string; stderr: string }
    >,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  await inDirectory(async (folder) => {
    const rows = await writeDrawn(folder, 30);
    const model = join(folder, "model");
    await saveModel(
      model,
      makeModel({ width: DRAWN_WIDTH, atoms: 6 }),
      CONFIG,
      [],
    );
    const common = [model, rows, "--column", "vector", "--device", "cpu"];
    await work(
      (command, ...args) => runCli([command, ...common, ...args]),
      folder,
    );
  });
}

Deno.test("inspect --image writes the pictures into the page, keeps them, and says which are broken", async () => {
  await withDrawn(async (run, folder) => {
    const html = join(folder, "atoms.html");
    await Deno.remove(join(folder, "drawn", "7.jpg"));
    const look = ["--image", "path", "--top", "30", "--html", html];
    const { code, stdout, stderr } = await run("inspect", ...look, "--json");
    assert.equal(code, 0, stderr);
    const { pictures } = JSON.parse(stdout);
    assert.deepEqual(pictures, {
      ...{ column: "path", sizePixels: 128, shown: 29, left: 0 },
      ...{ broken: { missing: 1 }, firstBroken: 7 },
    });
    assert.match(
      stderr,
      /29 rows shown by their pictures in "path"; 1 cannot be shown \(1: there is no such file, or it cannot be read; the first is row 7\)/,
    );
    const page = await Deno.readTextFile(html);
    assert.match(page, /img-src blob:/);
    assert(!page.includes("drawn/"), "nothing to be fetched stands in it");

    await Deno.remove(join(folder, "drawn"), { recursive: true });
    const again = await run("inspect", ...look, "--json", "--quiet");
    assert.deepEqual(JSON.parse(again.stdout).pictures, pictures, "kept");
  });
});

Deno.test("inspect makes kept pictures again where a picture's file is another one, or there at last", async () => {
  await withDrawn(async (run, folder) => {
    const path = (i: number) => join(folder, "drawn", `${i}.jpg`);
    const hidden = await Deno.readFile(path(7));
    await Deno.remove(path(7));
    const html = join(folder, "atoms.html");
    const look = async () => {
      const options = ["--image", "path", "--top", "30", "--html", html];
      const { code, stdout, stderr } = await run(
        "inspect",
        ...options,
        "--json",
      );
      assert.equal(code, 0, stderr);
      return {
        shown: JSON.parse(stdout).pictures.shown,
        page: await Deno.readTextFile(html),
      };
    };
    const first = await look();
    assert.equal(first.shown, 29);
    const place = join(folder, "model", "inspection.sqlite");
    const kept = (await Deno.stat(place)).ino;
    assert.deepEqual(await look(), first);
    assert.equal((await Deno.stat(place)).ino, kept, "nothing changed");
    await Deno.copyFile(path(5), path(3));
    const second = await look();
    assert.equal(second.shown, 29);
    assert.notEqual(second.page, first.page);
    await Deno.writeFile(path(7), hidden);
    assert.equal((await look()).shown, 30);
  });
});

Deno.test("inspect needs --image where something is said of pictures, and takes paths for texts where there is no other", async () => {
  await withDrawn(async (run, folder) => {
    for (const option of [["--image-dir", folder], ["--image-limit", "3"]]) {
      const { code, stderr } = await run("inspect", ...option);
      assert.equal(code, 2);
      assert.match(stderr, /give --image COLUMN/);
    }
    const large = ["--image", "path", "--image-size", "4000"];
    assert.match((await run("inspect", ...large)).stderr, /--image-size 512/);
    const source = await openRows(join(folder, "rows.parquet"), {
      column: "vector",
    });
    const { findTextColumn } = await import(
      "../../src/inspection/text_column.ts"
    );
    assert.equal(
      (await findTextColumn(source, { image: "path" })).chosen,
      "caption",
    );
    const others = await source.otherColumns!();
    const paths = {
      ...source,
      otherColumns: () =>
        Promise.resolve(others.filter(({ name }) => name === "path")),
    };
    assert.equal(
      (await findTextColumn(paths, { image: "path" })).chosen,
      "path",
    );
    await source.close();
  });
});
