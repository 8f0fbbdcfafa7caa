import { createHash } from "node:crypto";
import { join } from "node:path";

/** Writes a kernel's text to a file of a folder, named by what it holds, so that every text is there once. */
export function keepText(folder: string, name: string, code: string): void {
  const digest = createHash("sha256").update(code).digest("hex").slice(0, 16);
  Deno.writeTextFileSync(join(folder, `${name}-${digest}.wgsl`), code);
}
