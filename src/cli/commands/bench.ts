import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { BenchReport } from "../../bench/types.ts";
import { DbksvdError } from "../../errors.ts";
import { validateRefine } from "../../options/validate_coding.ts";
import { describe } from "../command.ts";
import { ExitWith } from "../failure.ts";
import type { Io } from "../io.ts";
import { choices, numberFrom, wholeNumber, wholeNumbers } from "../options.ts";
import { mostThreads } from "../../threads.ts";
import { conduct, type Session } from "../session.ts";
import { count, table } from "../../text.ts";
import { cardCommand } from "./bench_card.ts";

interface BenchFlags {
  n: number[];
  m: number[];
  k: number[];
  rows: number[];
  coder: ("mp" | "omp")[];
  device: "gpu" | "cpu";
  atomBatch?: number;
  gram: "f32" | "f16";
  ridge: number;
  refine: number;
  runs: number;
  subgroups: boolean;
  trainRows?: number;
  passes: number;
  peer?: true;
  threads?: number;
  blas?: string | true;
}

/** `bench`: every stage and the whole step, checked as it is timed; `bench rows`: the reading of files. */
export function benchCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "bench",
    "time every stage and the whole step; exit 1 where a result is wrong",
    [
      "dbksvd bench",
      "dbksvd bench --n 2304 --m 4096 --k 20,80 --rows 32768 --json",
      "dbksvd bench --n 2304 --m 4096 --k 20 --rows 32768 --peer",
      "dbksvd bench --device cpu --n 100 --m 512 --k 8",
      "dbksvd bench --device cpu --peer",
    ],
  )
    .option("--n <list>", "dimensions", wholeNumbers, [64])
    .option("--m <list>", "atoms", wholeNumbers, [256])
    .option("--k <list>", "nonzeros a row", wholeNumbers, [8])
    .option("--rows <list>", "rows of a sample batch", wholeNumbers, [2048])
    .addOption(
      new Option("--coder <list>", "mp, omp or both")
        .argParser(choices(["mp", "omp"])).default(["mp", "omp"]),
    )
    .addOption(
      new Option("--device <kind>", "what is timed")
        .choices(["gpu", "cpu"]).default("gpu"),
    )
    .option("--atom-batch <count>", "B (default: m/32)", wholeNumber())
    .addOption(
      new Option("--gram <precision>", "the Gram matrix while atoms are chosen")
        .choices(["f32", "f16"]).default("f32"),
    )
    .option("--ridge <lambda>", "ridge; times the refit", numberFrom(0), 0)
    .option(
      "--refine <passes>",
      "swap passes after omp; times them",
      wholeNumber(0),
      0,
    )
    .option("--runs <count>", "runs of each stage", wholeNumber(), 20)
    .option("--no-subgroups", "without subgroup operations")
    .option(
      "--train-rows <count>",
      "time a whole training of so many rows too",
      wholeNumber(),
    )
    .option("--passes <count>", "passes of that training", wholeNumber(), 3)
    .option(
      "--peer",
      "run the peer beside: PyTorch where CUDA is, NumPy with --device cpu",
    )
    .option(
      "--threads <count>",
      "of the CPU engine",
      wholeNumber(1, mostThreads()),
    )
    .option("--blas [library]", "time the CPU engine with a native BLAS too")
    .action((flags, self) =>
      conduct(
        io,
        self,
        (session) => bench(flags as BenchFlags, session, sizesGiven(self)),
        { heedsSignals: false },
      )
    );
  return command.addCommand(rowsCommand(io))
    .addCommand(cardCommand(io)) as unknown as CommandUnknownOpts;
}

/** Whether any size was asked for. */
function sizesGiven(command: CommandUnknownOpts): boolean {
  return ["n", "m", "k", "rows"].some((name) =>
    command.getOptionValueSource(name) !== "default"
  );
}

async function bench(
  flags: BenchFlags,
  session: Session,
  sizesGiven: boolean,
): Promise<void> {
  const [{ runBench }, { benchTable }, { CPU_SIZES }] = await Promise.all([
    import("../../bench/run.ts"),
    import("../../bench/table.ts"),
    import("../../bench/cpu/compare.ts"),
  ]);
  const { device, atomBatch, gram, ridge, refine, runs, trainRows, passes } =
    flags;
  validateRefine(refine, "omp");
  const compares = device === "cpu" && flags.peer === true;
  const report: BenchReport = await runBench({
    sizes: compares && !sizesGiven ? CPU_SIZES : sizesOf(flags),
    coders: flags.coder,
    device,
    atomBatch,
    gram,
    ridge,
    refine,
    runs,
    subgroups: flags.subgroups ? undefined : false,
    train: trainRows === undefined ? undefined : { rows: trainRows, passes },
    peer: flags.peer ?? false,
    threads: flags.threads,
    blas: flags.blas === true ? "" : flags.blas,
    onProgress: (line) => session.say("info", line),
  });
  session.print(report, () => benchTable(report));
  if (!report.ok) throw new ExitWith(1);
}

function sizesOf({ n, m, k, rows }: BenchFlags) {
  const most = Math.min(...n, ...m);
  const over = k.find((count) => count > most);
  if (over !== undefined) {
    throw new DbksvdError("usage", `--k is "${over}"`, {
      mend: `it takes at most the least of --n and --m (${most})`,
    });
  }
  return n.flatMap((n) =>
    m.flatMap((m) => k.flatMap((k) => rows.map((rows) => ({ n, m, k, rows }))))
  );
}

const ROWS_COLUMNS =
  "MB/s is of float32 rows, each batch given back when it was seen; kept, with every batch kept. Beside it, on the same " +
  "file, and each with the ratio of MB/s to it: hyparquet's public API; Deno.FsFile read as a stream, the ordinary way " +
  "(its readable); and the fastest way, readSync into one buffer over and over.";

function rowsCommand(io: Io): CommandUnknownOpts {
  const summary = "time the reading of rows, beside hyparquet's API";
  return describe("rows", `${summary}\n\n${ROWS_COLUMNS}`, [
    "dbksvd bench rows activations.parquet",
    "dbksvd bench rows *.parquet --workers 0,4 --json",
  ])
    .summary(summary)
    .argument("<file...>", "local Parquet files")
    .option("--column <name>", "the column that holds the vectors")
    .addOption(
      new Option("--blob-type <type>", "what the bytes of a binary column are")
        .choices(["f32", "f16", "bf16"]),
    )
    .option(
      "--workers <list>",
      "workers that decode, 0: this thread (default: 0, 1 and all cores)",
      (text) => text.split(",").map(wholeNumber(0)),
    )
    .option("--repeats <count>", "the best of so many runs", wholeNumber(), 3)
    .action((files, flags, self) =>
      conduct(io, self, async ({ print }) => {
        const { benchRows } = await import("../../bench/rows.ts");
        const result = await benchRows(files, flags);
        print(result, () =>
          table(
            [
              "file",
              "workers",
              "MB/s",
              "kept",
              "hyparquet",
              "ratio",
              "stream",
              "ratio",
              "fastest",
              "ratio",
            ],
            result.files.map((one) => [
              one.file,
              `${one.workers}`,
              count(one.megabytesPerSecond),
              count(one.keptMegabytesPerSecond),
              count(one.baselineMegabytesPerSecond),
              one.overBaseline.toFixed(1),
              count(one.fileStreamMegabytesPerSecond),
              one.overFileStream.toFixed(2),
              count(one.fileFastestMegabytesPerSecond),
              one.overFileFastest.toFixed(2),
            ]),
          ));
      })
    );
}
