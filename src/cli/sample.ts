import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The sample that the repository carries, from the working directory where it lies below it. */
export function samplePath(): string {
  const path = fileURLToPath(
    new URL("../../samples/glove-10k.parquet", import.meta.url),
  );
  const near = relative(Deno.cwd(), path);
  return near.startsWith("..") ? path : near;
}
