import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { buildProgram } from "../../src/cli/program.ts";
import { FakeIo } from "./fake_io.ts";

/** The help of every command, as the user sees it, by the name of its snapshot. */
export function helpTexts(): Map<string, string> {
  const texts = new Map<string, string>();
  const io = new FakeIo();
  const visit = (command: CommandUnknownOpts, path: string[]) => {
    io.stdout = "";
    command.outputHelp();
    texts.set(`${path.join("-")}.txt`, io.stdout);
    for (const inner of command.commands) {
      visit(inner, [...path, inner.name()]);
    }
  };
  visit(buildProgram(io), ["dbksvd"]);
  return texts;
}

/** Where the snapshots lie. */
export const SNAPSHOTS: URL = new URL("./help/", import.meta.url);
