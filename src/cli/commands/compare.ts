import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Comparison } from "../../use/compare.ts";
import { describe } from "../command.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { conduct } from "../session.ts";
import { count, figure, table } from "../../text.ts";

/** Pairs of the table where --limit does not say. */
const PAIRS_SHOWN = 10;

/** `compare A B`: how two dictionaries agree. */
export function compareCommand(io: Io): CommandUnknownOpts {
  return describe("compare", "match the atoms of two dictionaries", [
    "dbksvd compare seed-0 seed-1",
    "dbksvd compare old new --limit 50",
  ])
    .argument("<a>", "a model directory or dictionary file")
    .argument("<b>", "another, of the same width")
    .option(
      "--limit <count>",
      "pairs shown in the table (10), or of --json (all)",
      wholeNumber(0),
    )
    .action((a, b, { limit }, self) =>
      conduct(io, self, async ({ print, signal }) => {
        const [{ compare }, { loadDictionary }] = await Promise.all([
          import("../../use/compare.ts"),
          import("../../use/models.ts"),
        ]);
        const comparison = await compare(
          await loadDictionary(a),
          await loadDictionary(b),
          signal,
        );
        const pairs = comparison.pairs.slice(0, limit);
        print(
          { a, b, ...comparison, pairs },
          () => describeMatch(comparison, limit ?? PAIRS_SHOWN),
        );
      })
    );
}

function describeMatch(comparison: Comparison, limit: number): string {
  const { atoms, matching, mmcs, shares, pairs } = comparison;
  const summary = table([`Atoms matched (${matching})`, ""], [
    ["atoms", `${count(atoms.a)} and ${count(atoms.b)}`],
    ["mean |cosine| of pairs (mmcs)", figure(mmcs)],
    ...Object.entries(shares).map(([bound, share]) => [
      `share of the larger one from ${bound}`,
      figure(share),
    ]),
  ]);
  const shown = pairs.slice(0, limit).map((pair) => [
    named(pair.a, pair.labelA),
    named(pair.b, pair.labelB),
    figure(pair.similarity),
  ]);
  return shown.length === 0
    ? summary
    : `${summary}\n\n${table(["a", "b", "cosine"], shown)}`;
}

function named(atom: number, label: string | undefined): string {
  return label === undefined ? `${atom}` : `${atom} ${label}`;
}
