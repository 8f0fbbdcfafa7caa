import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Communicator } from "../../distributed/communicator.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../options/train_options.ts";
import type {
  SweepEntry,
  SweepOptions,
  SweepResult,
  SweepRun,
} from "../../use/sweep.ts";
import { describe } from "../command.ts";
import type { DeviceOption } from "../device_option.ts";
import {
  addRowOptions,
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
import { wholeNumbers } from "../options.ts";
import type { Session } from "../session.ts";
import { count, duration, figure, table } from "../../text.ts";

type SweepFlags =
  & LearningOptions
  & PurposeOption
  & DeviceOption
  & RowOptions
  & MpiOption
  & {
    atoms: number[];
    sparsity: number[];
  };

/** `sweep [INPUT…] --atoms A,B --sparsity K,L`: a training for each combination. */
export function sweepCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "sweep",
    "train for several numbers of atoms and nonzeros, and compare",
    [
      "dbksvd sweep --atoms 256,512,1024 --sparsity 4,8,16",
      "dbksvd sweep rows.parquet --atoms 512 --sparsity 4,8 --passes 3 --json",
      "mpirun -n 8 dbksvd sweep --mpi acts.parquet --column layer3,layer7 --atoms 4096",
    ],
  )
    .argument("[input...]", "files, directories, globs or http(s) URLs")
    .option("--atoms <counts>", "numbers of atoms, as 256,512", wholeNumbers, [
      DEFAULT_TRAIN_OPTIONS.atoms,
    ])
    .option("--sparsity <counts>", "nonzeros a row, as 4,8", wholeNumbers, [
      DEFAULT_TRAIN_OPTIONS.sparsity,
    ]);
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
  const options = {
    ...learningOptions(flags),
    atoms: flags.atoms,
    sparsity: flags.sparsity,
  };
  const run: SweepRun = {
    ...progress.run(flags),
    ...(group && await rankRun(group, flags)),
    onRun: (run, done, total) => {
      progress.which = ` ${done + 1} of ${total}`;
      session.say("info", describeRun(run));
    },
  };
  const result = await sweepInputs(inputs, flags, session, { options, run });
  session.print(result, () => describeSweep(result));
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

function describeRun({ column, atoms, sparsity, fvu }: SweepEntry): string {
  const of = column === undefined ? "" : `${column}, `;
  return `${of}${count(atoms)} atoms, ${sparsity} nonzeros: FVU ${figure(fvu)}`;
}

function describeSweep({ runs, rows }: SweepResult): string {
  const columns = runs.some(({ column }) => column !== undefined);
  return table(
    [
      ...(columns ? ["column"] : []),
      `${count(rows)} rows, atoms`,
      "nonzeros",
      "held-out FVU",
      "on training rows",
      "L0",
      "dead atoms",
      "time",
    ],
    runs.map((run) => [
      ...(columns ? [run.column ?? ""] : []),
      count(run.atoms),
      count(run.sparsity),
      figure(run.fvu),
      figure(run.trainingFvu),
      figure(run.l0),
      count(run.deadAtoms),
      duration(run.seconds),
    ]),
  );
}
