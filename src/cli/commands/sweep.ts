import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_TRAIN_OPTIONS } from "../../options/train_options.ts";
import type { SweepEntry, SweepResult } from "../../use/sweep.ts";
import { describe } from "../command.ts";
import type { DeviceOption } from "../device_option.ts";
import {
  addRowOptions,
  openInputs,
  requireLasting,
  type RowOptions,
} from "../inputs.ts";
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
import { conduct, type Session } from "../session.ts";
import { count, duration, figure, table } from "../text.ts";

type SweepFlags =
  & LearningOptions
  & PurposeOption
  & DeviceOption
  & RowOptions
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
    .action((inputs, flags, self) =>
      conduct(io, self, (session) => sweepOver(inputs, flags, session))
    );
}

async function sweepOver(
  inputs: readonly string[],
  flags: SweepFlags,
  session: Session,
): Promise<void> {
  const { sweep } = await import("../../use/sweep.ts");
  const purpose = purposeInWords(flags);
  if (purpose !== undefined) session.say("info", purpose);
  requireLasting(inputs, "and a sweep is done once more where it was stopped");
  const source = await openInputs(inputs, flags, session);
  const progress = new TrainingProgress(session);
  try {
    const result = await sweep(source, {
      ...learningOptions(flags),
      atoms: flags.atoms,
      sparsity: flags.sparsity,
    }, {
      ...progress.run(flags),
      onRun: (run, done, total) => {
        progress.which = ` ${done + 1} of ${total}`;
        session.say("info", describeRun(run));
      },
    });
    session.print(result, () => describeSweep(result));
  } finally {
    await source.close();
  }
}

function describeRun({ atoms, sparsity, fvu }: SweepEntry): string {
  return `${count(atoms)} atoms, ${sparsity} nonzeros: FVU ${figure(fvu)}`;
}

function describeSweep({ runs, rows }: SweepResult): string {
  return table(
    [
      `${count(rows)} rows, atoms`,
      "nonzeros",
      "held-out FVU",
      "on training rows",
      "L0",
      "dead atoms",
      "time",
    ],
    runs.map((run) => [
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
