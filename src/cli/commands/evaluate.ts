import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DbksvdError } from "../../errors.ts";
import type { DetailedEvaluation } from "../../use/evaluate.ts";
import type { RowSource } from "../../rows/source.ts";
import { describe } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import { addCoderOptions } from "../coder_options.ts";
import { addRecodeOption, asCoded, type RecodeFlags } from "../recoded.ts";
import type { Communicator } from "../../distributed/communicator.ts";
import {
  conductGroup,
  MPI_OPTION,
  rankChoice,
  readTogether,
} from "../group_session.ts";
import type { Io } from "../io.ts";
import { measuredRows } from "../measured_rows.ts";
import { isModelDirectory } from "../../model/directory.ts";
import { modelsAndInputs } from "../models.ts";
import { followed, type Session } from "../session.ts";
import { count, figure, table } from "../../text.ts";

type EvaluateFlags = DeviceOption & RowOptions & RecodeFlags & {
  input?: string[];
  heldOut?: true;
  mpi?: true;
  truth?: string;
};

/** `evaluate MODEL… [INPUT…]`: every metric of models on rows. */
export function evaluateCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "evaluate",
    "measure models on rows; without inputs, on what the training held out",
    [
      "dbksvd evaluate dbksvd-model",
      "dbksvd evaluate dbksvd-model fresh.parquet --json",
      "dbksvd evaluate dbksvd-model --refine 2",
      "dbksvd evaluate model-a model-b sae-lens-directory fresh.parquet",
      "dbksvd evaluate sae-lens-directory fresh.parquet --recode",
      "dbksvd evaluate found --input planted.parquet --truth truth.safetensors",
    ],
  )
    .argument("<model...>", "model directories, then inputs")
    .option("--input <path...>", "inputs, where arguments could be either")
    .option(
      "--held-out",
      "only rows that the (first) model's training held out",
    )
    .option("--truth <dictionary>", "the dictionary that made the rows");
  return addDeviceOption(
    addRecodeOption(addCoderOptions(addRowOptions(command))),
  )
    .option(
      MPI_OPTION[0],
      "share the rows among the processes of mpirun or srun",
    )
    .action((args, flags, self) =>
      conductGroup(
        io,
        self,
        (session, group) => evaluate(args, flags, session, group),
      )
    );
}

async function evaluate(
  args: readonly string[],
  flags: EvaluateFlags,
  session: Session,
  group?: Communicator,
): Promise<void> {
  const { models, inputs } = await modelsAndInputs(args, flags.input);
  const [
    { evaluateAll },
    { loadAnyModel, loadDictionary },
  ] = await Promise.all([
    import("../../use/evaluate.ts"),
    import("../../use/models.ts"),
  ]);
  const loaded = await Promise.all(
    models.map(async (name) => ({ name, model: await loadAnyModel(name) })),
  );
  const truth = flags.truth && await loadDictionary(flags.truth);
  const { source, rows, otherwise } = await measuredRows(
    models[0],
    inputs,
    flags,
    session,
  );
  try {
    const named = await asCoded(loaded, flags, source, rows);
    const results = await evaluateAll(named, source, {
      ...followed(session),
      ...engineChoice(flags),
      ...(group && { group, ...await rankChoice(group, flags) }),
      truth: truth || undefined,
      rows,
    });
    await readTogether(group, source, session);
    const [only] = results;
    const speaks = (group?.rank ?? 0) === 0;
    if (speaks && results.length === 1 && await isModelDirectory(only.model)) {
      const rowsName = rows === undefined
        ? await namedRows(only.model, source)
        : "held-out rows";
      // The report's page says how the model itself codes.
      const asGiven = named[0].model !== loaded[0].model;
      const by = asGiven ? `, coded by ${only.coder}` : "";
      await showInReport(only, rowsName + otherwise + by, session);
    }
    const documents = results.map(({ model, rows, coder, metrics }) => ({
      model,
      rows,
      coder,
      metrics,
    }));
    session.print(
      documents.length === 1 ? documents[0] : { models: documents },
      () => metricsTable(results),
    );
  } finally {
    await source.close();
  }
}

// Rows that the model was trained on look better than they are: the report says so beside the figure.
async function namedRows(
  directory: string,
  source: RowSource,
): Promise<string> {
  const { loadModel } = await import("../../model/directory.ts");
  const { config } = await loadModel(directory);
  // A file is known by its content too: it may be named from another directory.
  const known = new Set(
    config.inputs.flatMap(({ path, digest }) => [path, digest]),
  );
  const { files } = source;
  const prints = await source.fingerprints?.() ?? [];
  const names = files.map(({ path }) => path).join(", ");
  return files.some(({ path }, i) =>
      known.has(path) || prints[i] && known.has(prints[i].digest)
    )
    ? `${names} (training rows among them)`
    : names;
}

// The report is a convenience: a directory that cannot be written does not spoil the figures.
async function showInReport(
  evaluation: DetailedEvaluation,
  rowsName: string,
  session: Session,
): Promise<void> {
  const { refreshReport } = await import("../../use/report.ts");
  try {
    await refreshReport(evaluation.model, evaluation, rowsName);
  } catch (error) {
    if (!(error instanceof DbksvdError)) throw error;
    session.say("warn", `The report stays as it was: ${error.message}`);
  }
}

function metricsTable(results: readonly DetailedEvaluation[]): string {
  const names = [
    ...new Set(
      results.flatMap(({ metrics }) =>
        Object.entries(metrics).filter(([, value]) => typeof value === "number")
          .map(([name]) => name)
      ),
    ),
  ];
  const rows = names.map((name) => [
    name,
    ...results.map(({ metrics }) =>
      figure((metrics as unknown as Record<string, number>)[name])
    ),
  ]);
  const coders = results.map(({ model, coder }) => `${model}: ${coder}`);
  const numbers = table([
    `${count(results[0].rows)} rows`,
    ...results.map(({ model }) => model),
  ], rows);
  return [...coders, numbers].join("\n");
}
