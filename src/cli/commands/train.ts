import { basename, join } from "node:path";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Communicator } from "../../distributed/communicator.ts";
import type { TrainOptions } from "../../options/train_options.ts";
import { readingOf } from "../../rows/options.ts";
import type { RowSource } from "../../rows/source.ts";
import type { TrainOutput, TrainSummary } from "../../use/train_directory.ts";
import { EventFile } from "../../files/event_file.ts";
import { devicesInWords } from "../../model/devices.ts";
import type { MetricsLine } from "../../model/model.ts";
import { addTraining } from "../../use/tensorboard.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../options/train_options.ts";
import { describe } from "../command.ts";
import { type DeviceOption, engineChoice } from "../device_option.ts";
import {
  addRowOptions,
  INPUTS_IN_WORDS,
  openInputs,
  requireLasting,
  type RowOptions,
} from "../inputs.ts";
import type { Io } from "../io.ts";
import {
  conductGroup,
  MPI_OPTION,
  type MpiOption,
  rankRun,
} from "../group_session.ts";
import {
  addLearningOptions,
  addSizeOptions,
  type LearningOptions,
  learningOptions,
  purposeInWords,
  type PurposeOption,
} from "../learning_options.ts";
import { wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { count, counted, duration, figure } from "../../text.ts";
import { TrainingProgress } from "../training_progress.ts";

type TrainFlags =
  & LearningOptions
  & PurposeOption
  & DeviceOption
  & RowOptions
  & MpiOption
  & {
    atoms: number;
    sparsity: number;
    out: string;
    overwrite?: true;
    resume?: true;
    dryRun?: true;
    checkpointEvery?: string;
    retries: number;
    tensorboard?: string;
  };

/** `train [INPUT…]`: learns a dictionary. */
export function trainCommand(io: Io): CommandUnknownOpts {
  const command = addSizeOptions(
    describe(
      "train",
      "learn a dictionary from rows; without inputs, from the sample",
      [
        "dbksvd train",
        "dbksvd train activations/ --column embedding --atoms 4096 --sparsity 20",
        "dbksvd train 'data/*.parquet' --coder mp --device gpu --out my-model",
        "dbksvd train https://example.org/rows.parquet --max-rows 100000 --json",
        "mpirun -n 8 dbksvd train --mpi activations/ --atoms 4096 --sparsity 20",
      ],
    )
      .argument("[input...]", INPUTS_IN_WORDS),
  )
    .option("--out <dir>", "the model directory to write", "dbksvd-model")
    .option(
      "--like <model>",
      "learn as this model was learned: its inputs and parameters, where nothing else is said",
    )
    .option("--overwrite", "replace whatever the directory holds")
    .option("--resume", "go on with the unfinished run in the directory")
    .option(
      "--dry-run",
      "check everything and tell what the run would take, without training",
    )
    .option(
      "--checkpoint-every <interval>",
      "save the run as often: 90s, 10m, 2h or iterations (default: 60s)",
    )
    .option(
      "--retries <count>",
      "start again from the last checkpoint when the device fails",
      wholeNumber(0),
      0,
    )
    .option(
      "--tensorboard <dir>",
      "write the figures of every iteration to a TensorBoard event file too",
    );
  return addLearningOptions(addRowOptions(command))
    .addOption(new Option(...MPI_OPTION).helpGroup("Many processes:"))
    .action((inputs, flags, self) =>
      conductGroup(
        io,
        self,
        (session, group) => train(inputs, flags, session, group),
      )
    );
}

async function train(
  inputs: readonly string[],
  flags: TrainFlags,
  session: Session,
  group?: Communicator,
): Promise<void> {
  const { trainToDirectory } = await import("../../use/train_directory.ts");
  const output = await outputOf(flags);
  const purpose = purposeInWords(flags);
  if (purpose !== undefined) session.say("info", purpose);
  if (flags.resume) requireLasting(inputs, "and --resume goes on with it");
  const source = await openInputs(inputs, flags, session);
  const { atoms, sparsity } = flags;
  const options = { ...learningOptions(flags), atoms, sparsity };
  const speaks = (group?.rank ?? 0) === 0;
  try {
    if (flags.dryRun) {
      if (speaks) await tellPlan(source, options, flags, output, session);
      return;
    }
    using watched = speaks ? watchedFrom(flags, session) : undefined;
    const progress = new TrainingProgress(session, watched?.add);
    const run = {
      ...progress.run(flags),
      ...(group && await rankRun(group, flags)),
    };
    const summary = await trainToDirectory(source, options, output, run);
    watched?.finish(summary);
    if (group !== undefined) {
      session.reads(source, summary.config.rows.dropped);
    }
    session.print(summary, () => describeSummary(summary));
  } finally {
    await source.close();
  }
}

// Where TensorBoard is to see the training: the event file, made before any work.
function watchedFrom({ tensorboard, resume }: TrainFlags, session: Session) {
  if (tensorboard === undefined) return undefined;
  const before = EventFile.countIn(tensorboard);
  if (before > 0 && !resume) {
    session.say(
      "warn",
      `${tensorboard} holds ${
        counted(before, "event file")
      } of other trainings, which TensorBoard draws as one with this: name a folder for each`,
    );
  }
  const events = EventFile.open(tensorboard);
  let rowsSeen = 0;
  return {
    add(lines: readonly MetricsLine[]): void {
      rowsSeen = lines.at(-1)?.rowsSeen ?? rowsSeen;
      addTraining(events, lines);
    },
    finish({ heldOut }: TrainSummary): void {
      events.add(rowsSeen, { "fvu/held_out": heldOut?.fvu });
    },
    [Symbol.dispose]: () => events[Symbol.dispose](),
  };
}

async function tellPlan(
  source: RowSource,
  options: Partial<TrainOptions>,
  given: TrainFlags,
  output: TrainOutput,
  session: Session,
): Promise<void> {
  const [
    { dryRun },
    { checkTrainOutput, requireWritable },
    { decoderPlanLines },
    { leftToCpu },
  ] = await Promise.all([
    import("../../use/dry_run.ts"),
    import("../../use/check_output.ts"),
    import("../../use/estimate_decoder.ts"),
    import("../../engine/local.ts"),
  ]);
  const { device, threads, blas } = engineChoice(given);
  const parameters = { ...DEFAULT_TRAIN_OPTIONS, ...options };
  await checkTrainOutput(source, parameters, output);
  const { tensorboard } = given;
  if (tensorboard !== undefined) await requireWritable(join(tensorboard, "_"));
  const planned = await dryRun(source, options, device, threads, blas);
  session.print(planned, () =>
    [
      `Would train on ${
        counted(planned.rows, "row")
      }, ${planned.width} wide, and hold out ${count(planned.heldOut.rows)}: ${
        counted(planned.passes, "pass", "passes")
      }, ${counted(planned.iterations, "iteration")} of up to ${
        counted(planned.sampleBatch, "row")
      }`,
      `About ${duration(planned.estimatedSeconds)} of training on this machine`,
      ...planned.decoder === undefined ? [] : decoderPlanLines(planned.decoder),
      ...(planned.cpu?.lines ?? []),
      ...(planned.gpu?.lines ?? []),
      ...(planned.problem === undefined ? [] : [leftToCpu(planned.problem)]),
    ].join("\n"));
}

async function outputOf(flags: TrainFlags): Promise<TrainOutput> {
  const [{ parseSchedule }, { trainingReport }] = await Promise.all([
    import("../../use/unfinished.ts"),
    import("../../use/report.ts"),
  ]);
  const { out, overwrite, resume, retries, column, checkpointEvery } = flags;
  return {
    out,
    overwrite,
    resume,
    retries,
    column,
    reading: readingOf(flags),
    checkpointEvery: checkpointEvery === undefined
      ? undefined
      : parseSchedule(checkpointEvery),
    extras: (result) => trainingReport(basename(out), result),
  };
}

function describeSummary(
  { model, coder, rows, heldOut, passes, seconds, config }: TrainSummary,
): string {
  const { atoms, sparsity, maxSparsity } = config.parameters;
  const shared = maxSparsity === undefined ? "" : " on average";
  const lines = [
    `Learned ${atoms} atoms, ${sparsity} nonzeros a row${shared}, from ${
      counted(rows, "row")
    } in ${counted(passes, "pass", "passes")}, ${duration(seconds)}, on ${
      devicesInWords(config)
    }`,
  ];
  if (heldOut !== undefined) {
    lines.push(
      `Held-out FVU ${figure(heldOut.fvu)} on ${
        counted(heldOut.rows, "row")
      } by ${coder} ` +
        `(as many training rows: ${figure(config.training?.fvu)}; ` +
        `explained variance ${figure(heldOut.explained_variance)}, ` +
        `L0 ${figure(heldOut.l0)}, dead atoms ${figure(heldOut.dead_atoms)})`,
    );
  }
  if (heldOut?.capped_rows !== undefined) {
    lines.push(
      `Of these, ${
        counted(heldOut.capped_rows, "row")
      } beyond --norm-cap hold ${
        figure(100 * heldOut.capped_variance_share)
      }% of the variance; with them pulled in, held-out FVU ${
        figure(heldOut.fvu_capped)
      }`,
    );
  }
  return [
    ...lines,
    `Model in ${model}/, report in ${join(model, "report.html")}`,
  ]
    .join("\n");
}
