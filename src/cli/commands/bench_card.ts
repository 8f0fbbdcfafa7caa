import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe } from "../command.ts";
import { ExitWith } from "../failure.ts";
import type { Io } from "../io.ts";
import { numberFrom, wholeNumber } from "../options.ts";
import { conduct } from "../session.ts";

/** `bench card`: all that the targets of speed are held to, unattended. */
export function cardCommand(io: Io): CommandUnknownOpts {
  return describe(
    "card",
    "time all that the targets for an H100 ask for, one case after the other; run again, it goes on",
    [
      "dbksvd bench card --minutes 9",
      "dbksvd bench card --only k20,k80 --out measured",
      "dbksvd bench card --scale 64 --out trial",
    ],
  )
    .option("--out <dir>", "where each case's JSON goes", "bench-card")
    .option(
      "--only <list>",
      "cases by name (default: all)",
      (text) => text.split(","),
    )
    .option("--minutes <count>", "begin nothing that ends later", numberFrom(0))
    .option("--scale <divisor>", "divide the sizes, to try it", wholeNumber())
    .option("--no-peer", "without the PyTorch peer")
    .option("--no-subgroups", "without subgroup operations")
    .action((flags, self) =>
      conduct(io, self as CommandUnknownOpts, async ({ print, say }) => {
        const [{ runCard }, { cardTable }] = await Promise.all([
          import("../../bench/card.ts"),
          import("../../bench/card_table.ts"),
        ]);
        const report = await runCard({
          out: flags.out,
          only: flags.only,
          scale: flags.scale ?? 1,
          peer: flags.peer,
          minutes: flags.minutes ?? Infinity,
          subgroups: flags.subgroups ? undefined : false,
          onProgress: (line) => say("info", line),
        });
        print(report, () => cardTable(report));
        if (!report.ok) throw new ExitWith(1);
      }, { heedsSignals: false })
    ) as unknown as CommandUnknownOpts;
}
