import { processIo } from "./io.ts";
import { run } from "./run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args, processIo()));
