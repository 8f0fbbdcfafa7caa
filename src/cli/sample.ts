import { fileURLToPath } from "node:url";
import type { RowSource } from "../rows/source.ts";

/** What the sample is called in records, wherever it lies. */
export const SAMPLE_NAME = "samples/glove-10k.parquet";

/** Opens the sample that the repository carries; a compiled binary has it inside and lays it down while it is read. */
export async function openSample(
  open: (path: string) => Promise<RowSource>,
): Promise<RowSource> {
  const laidDown = Deno.build.standalone ? await layDown() : undefined;
  const source = await open(laidDown ?? inRepository());
  return {
    ...source,
    files: source.files.map((file) => ({ ...file, path: SAMPLE_NAME })),
    close: async () => {
      await source.close();
      if (laidDown !== undefined) await Deno.remove(laidDown);
    },
  };
}

function inRepository(): string {
  return fileURLToPath(new URL(`../../${SAMPLE_NAME}`, import.meta.url));
}

async function layDown(): Promise<string> {
  const { default: bytes } = await import(
    "../../samples/glove-10k.parquet",
    { with: { type: "bytes" } }
  );
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  await Deno.writeFile(path, bytes);
  return path;
}
