import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { RowSource } from "../rows/source.ts";

const FILE = "samples/glove-10k.parquet";

/**
 * Opens the sample that the repository carries. A compiled binary has it inside and lays it down for as long as it is
 * read; it goes by the same name in either case.
 */
export async function withSample(
  open: (path: string) => Promise<RowSource>,
): Promise<RowSource> {
  if (!Deno.build.standalone) {
    const path = fileURLToPath(new URL(`../../${FILE}`, import.meta.url));
    const near = relative(Deno.cwd(), path);
    return await open(near.startsWith("..") ? path : near);
  }
  const { default: bytes } = await import(
    "../../samples/glove-10k.parquet",
    { with: { type: "bytes" } }
  );
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  await Deno.writeFile(path, bytes);
  const source = await open(path);
  return {
    ...source,
    files: source.files.map((file) => ({ ...file, path: FILE })),
    close: async () => {
      await source.close();
      await Deno.remove(path);
    },
  };
}
