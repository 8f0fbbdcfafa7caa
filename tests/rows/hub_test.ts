import assert from "node:assert/strict";
import { openRows } from "../../src/rows/open.ts";
import { inDirectory } from "../directories.ts";
import {
  assertReads,
  quick,
  serving,
  type Trouble,
  writeFile,
} from "./served.ts";

Deno.test("hf:// names files, directories and globs of a dataset; the token stays with the hub", () =>
  inDirectory(async (directory) => {
    const files = `${directory}/datasets/some/set/resolve/refs%2Fmain/data`;
    Deno.mkdirSync(files.replace("%2F", "/"), { recursive: true });
    writeFile(files.replace("%2F", "/"));
    const listing = ["README.md", "data/a.parquet", "data/info.json"].map((
      path,
    ) => ({ type: "file", path }));
    const trouble: Trouble = (request) => {
      if (request.headers.get("authorization") !== "Bearer token") {
        return new Response("", { status: 401 });
      }
      const { pathname } = new URL(request.url);
      return pathname.startsWith("/api/") ? Response.json(listing) : undefined;
    };
    await serving(directory, trouble, async ({ url }) => {
      Deno.env.set("HF_ENDPOINT", url);
      Deno.env.set("HF_TOKEN", "token");
      try {
        for (
          const path of [
            "data/a.parquet",
            "data",
            "data/*.parquet",
            "**/a*.parquet",
            "",
          ]
        ) {
          await assertReads(`hf://datasets/some/set@refs%2Fmain/${path}`);
        }
        // As records name them.
        const path = `${url}/datasets/some/set/resolve/refs%2Fmain/data`;
        await assertReads(`${path}/a.parquet`);
        await assert.rejects(
          openRows("hf://datasets/some/set/none/*.npy"),
          /No file of rows there/,
        );
        await assert.rejects(openRows("hf://models/some"), /Not a dataset/);
        Deno.env.set("HF_TOKEN", "wrong");
        await assert.rejects(
          openRows("hf://datasets/some/set/data", quick),
          /answers 401.*HF_TOKEN/,
        );
      } finally {
        Deno.env.delete("HF_ENDPOINT");
        Deno.env.delete("HF_TOKEN");
      }
    });
  }));
