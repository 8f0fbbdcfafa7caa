import { cpus } from "node:os";

/** The processor's name, where it may be asked for. */
export function processorName(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "cpus" });
  return (state === "granted" ? cpus()[0]?.model : undefined) ??
    "unknown processor";
}
