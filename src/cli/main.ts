import { processIo } from "./io.ts";
import { run } from "./run.ts";
import { endUnjoined } from "./unjoined.ts";

/** Exit codes of processes that a signal stopped are no less. */
const FIRST_OF_SIGNALS = 128;

if (import.meta.main) {
  // Mesa's drivers complain on standard error where it is missing, as under cron or in containers.
  if (Deno.build.os === "linux" && !Deno.env.has("XDG_RUNTIME_DIR")) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  const io = processIo(), code = await run(Deno.args, io);
  // What fails among others that it has joined ends with them; a signal's codes are those of a group that was left.
  if (code > 0 && code < FIRST_OF_SIGNALS) await endUnjoined(Deno.args, io.env);
  Deno.exit(code);
}
