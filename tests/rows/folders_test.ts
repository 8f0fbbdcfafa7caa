import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { inDirectory } from "../directories.ts";
import { withRows } from "./files.ts";

Deno.test("What lies in a folder and is not read is listed, each with the reason", () =>
  inDirectory(async (directory) => {
    const at = (name: string) => `${directory}/in/${name}`;
    await Deno.mkdir(at("sub"), { recursive: true });
    await Deno.mkdir(at("folder"));
    const row = new Uint8Array(Float32Array.of(1, 2).buffer);
    for (const name of ["a.f32", "sub/b.f32", "_c.f32", "d.txt", "e.csv"]) {
      await Deno.writeFile(at(name), row);
    }
    await Deno.writeFile(at(".log"), row);
    await Deno.symlink(at("nowhere.f32"), at("f.f32"));
    await Deno.symlink(at("sub"), at("g"));
    await Deno.symlink("i.f32", at("i.f32"));
    await new Deno.Command("mkfifo", { args: [at("j.f32")] }).output();
    const python = await new Deno.Command("python3", {
      args: [
        "-c",
        "import sys; open(sys.argv[1].encode() + b'/in/h\\xff.f32', 'wb')",
        directory,
      ],
    }).output();
    await withRows(at(""), { width: 2 }, (source) => {
      assert.equal(source.rowCount, 2);
      const reported = source.notRead!.map(({ reason, count, paths }) => [
        reason,
        count,
        paths.map((path) => path.slice(at("").length)),
      ]);
      assert.deepEqual(reported, [
        ["hidden", 1, ["_c.f32"]],
        ["ending", 2, ["d.txt", "e.csv"]],
        ["dangling link", 2, ["f.f32", "i.f32"]],
        ["linked folder", 1, ["g"]],
        ...python.success ? [["name", 1, ["h\uFFFD.f32"]]] : [],
        ["other", 1, ["j.f32"]],
      ]);
      return Promise.resolve();
    });
    await withRows(at("*f*"), { width: 2 }, (source) => {
      const reasons = source.notRead!.map(({ reason }) => reason);
      assert(reasons.includes("dangling link") && reasons.includes("folder"));
      assert(reasons.includes("other"));
      return Promise.resolve();
    });
  }));

Deno.test({
  name:
    "A folder that may not be read is refused by its name, in a folder as in a pattern",
  // Root may read everything.
  ignore: Deno.uid() === 0,
  fn: () =>
    inDirectory(async (directory) => {
      const row = new Uint8Array(Float32Array.of(1, 2).buffer);
      await Deno.writeFile(`${directory}/a.f32`, row);
      await Deno.mkdir(`${directory}/sub`, { mode: 0 });
      for (
        const input of ["", "/**/*.f32", "/sub/*.f32", "/*/*.f32", "/*/a.f32"]
      ) {
        await assert.rejects(
          withRows(directory + input, { width: 2 }, async () => {}),
          (error) =>
            error instanceof DbksvdError && error.kind === "data" &&
            /^Folder cannot be read.*\/sub/.test(error.message),
          input,
        );
      }
      await Deno.chmod(`${directory}/sub`, 0o700);
    }),
});

Deno.test("A pattern in a folder with brackets in its name", () =>
  inDirectory(async (directory) => {
    const folder = `${directory}/run [1] {a,b}`;
    await Deno.mkdir(folder);
    const row = new Uint8Array(Float32Array.of(1, 2).buffer);
    await Deno.writeFile(`${folder}/a.f32`, row);
    await withRows(`${folder}/*.f32`, { width: 2 }, (source) => {
      assert.equal(source.rowCount, 1);
      return Promise.resolve();
    });
  }));
