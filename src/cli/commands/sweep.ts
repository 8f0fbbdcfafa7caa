import { join } from "node:path";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Communicator } from "../../distributed/communicator.ts";
import { DbksvdError } from "../../errors.ts";
import { PURPOSE_OPTIONS } from "../../options/purposes.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../options/train_options.ts";
import { readingOf } from "../../rows/options.ts";
import type {
  SweepEntry,
  SweepOptions,
  SweepResult,
  SweepRun,
  SweepScorer,
} from "../../use/sweep.ts";
import type { RunOptions } from "../../coding/coder.ts";
import { describe } from "../command.ts";
import { type DeviceOption, engineChoice } from "../device_option.ts";
import {
  addRowOptions,
  INPUTS_IN_WORDS,
  openInputs,
  requireLasting,
  type RowOptions,
} from "../inputs.ts";
import {
  conductGroup,
  MPI_OPTION,
  type MpiOption,
  rankRun,
} from "../group_session.ts";
import type { Io } from "../io.ts";
import {
  addLearningOptions,
  type LearningOptions,
  learningOptions,
  purposeInWords,
  type PurposeOption,
} from "../learning_options.ts";
import { TrainingProgress } from "../training_progress.ts";
import { wholeNumber, wholeNumbers } from "../options.ts";
import { followed, type Session } from "../session.ts";
import { count, duration, figure, table, valueWord } from "../../text.ts";
import { type Varied, varying } from "../vary.ts";

type SweepFlags =
  & LearningOptions
  & PurposeOption
  & DeviceOption
  & RowOptions
  & MpiOption
  & {
    atoms: number[];
    sparsity: number[];
    vary?: Varied;
    out: string;
    overwrite?: true;
    class?: string[];
    minRows: number;
  };

/** `sweep [INPUT…] --atoms A,B --sparsity K,L`: a training for each combination. */
export function sweepCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "sweep",
    "train for several sizes and settings, keep the models, and compare",
    [
      "dbksvd sweep --atoms 256,512,1024 --sparsity 4,8,16",
      "dbksvd sweep rows.parquet --sparsity 4,8 --vary ridge=0,1 --vary 'matryoshka=default|auto'",
      "dbksvd sweep rows.parquet --atoms 512,1024 --class topic --out topics",
      "mpirun -n 8 dbksvd sweep --mpi acts.parquet --column layer3,layer7 --atoms 4096",
    ],
  )
    .argument("[input...]", INPUTS_IN_WORDS)
    .option("--atoms <counts>", "numbers of atoms, as 256,512", wholeNumbers, [
      DEFAULT_TRAIN_OPTIONS.atoms,
    ])
    .option("--sparsity <counts>", "nonzeros a row, as 4,8", wholeNumbers, [
      DEFAULT_TRAIN_OPTIONS.sparsity,
    ])
    .addOption(
      new Option(
        "--vary <option=values>",
        "values of any other option of a training, as ridge=0,1; repeat it for several",
      ).argParser(varying),
    )
    .option(
      "--out <dir>",
      "the directory for models, table and page; what is there goes on",
      "dbksvd-sweep",
    )
    .option("--overwrite", "train all models again")
    .option(
      "--class <column...>",
      "columns whose classes models are probed for",
    )
    .option(
      "--min-rows <count>",
      "fewest held-out rows of a class",
      wholeNumber(2),
      100,
    );
  return addLearningOptions(addRowOptions(command))
    .addOption(
      new Option(
        MPI_OPTION[0],
        "deal the trainings out to the processes of mpirun or srun",
      ).helpGroup("Many processes:"),
    )
    .action((inputs, flags, self) =>
      conductGroup(
        io,
        self,
        (session, group) => sweepOver(inputs, flags, session, group),
      )
    );
}

async function sweepOver(
  inputs: readonly string[],
  flags: SweepFlags,
  session: Session,
  group?: Communicator,
): Promise<void> {
  const purpose = purposeInWords(flags);
  if (purpose !== undefined) session.say("info", purpose);
  requireLasting(inputs, "and a sweep is done once more where it was stopped");
  const progress = new TrainingProgress(session);
  const { for: purposes, ...vary } = flags.vary ?? {};
  if (purposes !== undefined) refuseBoth(flags);
  const options: SweepOptions = {
    ...learningOptions(flags),
    atoms: flags.atoms,
    sparsity: flags.sparsity,
    vary,
    variants: purposes && Object.fromEntries(
      purposes.map((purpose) => [purpose, PURPOSE_OPTIONS[purpose]]),
    ),
  };
  const ranked = group && await rankRun(group, flags);
  const { out, overwrite } = flags;
  const run: SweepRun = {
    ...progress.run(flags),
    ...ranked,
    output: { out, overwrite, reading: readingOf(flags), column: flags.column },
    scorer: await scorerOf(flags, {
      ...followed(session),
      ...engineChoice(flags),
      ...ranked && { threads: ranked.threads },
    }),
    onRun: (run, done, total) => {
      progress.which = ` ${done + 1} of ${total}`;
      session.say("info", describeRun(run));
      session.saves(savedWords(done, total, out));
    },
    onSaved: (what) =>
      session.saves(what.replace(/; .*/, "; the same command goes on")),
  };
  const result = await sweepInputs(inputs, flags, session, { options, run });
  if ((group?.rank ?? 0) === 0) {
    const { writeSweep } = await import("../../use/sweep_output.ts");
    const say = (notice: string) => session.say("info", notice);
    await writeSweep(out, result, say);
  }
  session.print(
    { ...result, out },
    () =>
      `${describeSweep(result)}\nModels in ${out}/, page in ${
        join(out, "report.html")
      }`,
  );
}

function refuseBoth(flags: PurposeOption): void {
  if (flags.for === undefined) return;
  throw new DbksvdError("usage", "--for and --vary for= say the same", {
    mend: "give one of them",
  });
}

function savedWords(done: number, total: number, out: string): string {
  return `${done} of ${
    count(total)
  } models are in ${out}; the same command goes on`;
}

// Probes for classes on each model's held-out rows, without the baselines of `probe`.
async function scorerOf(
  { class: classColumns, minRows }: SweepFlags,
  run: RunOptions,
): Promise<SweepScorer | undefined> {
  if (classColumns === undefined) return undefined;
  const { accuracyScorer } = await import("../../probing/accuracy.ts");
  return accuracyScorer({ ...run, classColumns, minRows });
}

// Several columns, as --column layer3,layer7, are one more thing to go through.
async function sweepInputs(
  inputs: readonly string[],
  flags: SweepFlags,
  session: Session,
  { options, run }: { options: SweepOptions; run: SweepRun },
): Promise<SweepResult> {
  const { sweep, sweepColumns } = await import("../../use/sweep.ts");
  const columns = flags.column?.split(",") ?? [];
  if (columns.length > 1) {
    const opened = columns.map((column) =>
      [column, () => openInputs(inputs, { ...flags, column }, session)] as const
    );
    return await sweepColumns(new Map(opened), options, run);
  }
  const source = await openInputs(inputs, flags, session);
  try {
    return await sweep(source, options, run);
  } finally {
    await source.close();
  }
}

function describeRun(run: SweepEntry): string {
  const { column, atoms, sparsity, options = {}, fvu } = run;
  const words = [
    ...column === undefined ? [] : [column],
    `${count(atoms)} atoms`,
    `${sparsity} nonzeros`,
    ...Object.entries(options).map(([name, value]) =>
      `${name} ${valueWord(value)}`
    ),
  ];
  return `${words.join(", ")}: FVU ${figure(fvu)}`;
}

function describeSweep({ runs, rows }: SweepResult): string {
  const columns = runs.some(({ column }) => column !== undefined);
  const options = Object.keys(runs[0].options ?? {});
  const probes = Object.keys(runs[0].accuracy ?? {});
  return table(
    [
      ...(columns ? ["column"] : []),
      `${count(rows)} rows, atoms`,
      "nonzeros",
      ...options,
      "held-out FVU",
      "on training rows",
      "L0",
      "dead atoms",
      "dense atoms",
      ...probes.map((k) => `accuracy by ${k}`),
      "time",
      "front",
    ],
    runs.map((run) => [
      ...(columns ? [run.column ?? ""] : []),
      count(run.atoms),
      count(run.sparsity),
      ...options.map((name) => valueWord(run.options?.[name])),
      figure(run.fvu),
      figure(run.trainingFvu),
      figure(run.l0),
      count(run.deadAtoms),
      count(run.denseAtoms),
      ...probes.map((k) => figure(run.accuracy?.[k])),
      duration(run.seconds),
      run.front ? "*" : "",
    ]),
  );
}
