import { processIo } from "./io.ts";
import { run } from "./run.ts";

if (import.meta.main) {
  // Mesa's drivers complain on standard error where it is missing, as under cron or in containers.
  if (Deno.build.os === "linux" && !Deno.env.has("XDG_RUNTIME_DIR")) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  Deno.exit(await run(Deno.args, processIo()));
}
