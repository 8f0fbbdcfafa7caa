/**
 * Whether this program may start a worker from one of its own modules: that takes the permission to read it, where it
 * lies in a file.
 */
export function mayStartWorker(module: URL): boolean {
  if (module.protocol !== "file:") return true;
  const { state } = Deno.permissions.querySync({ name: "read", path: module });
  return state === "granted";
}
