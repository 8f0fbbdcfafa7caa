import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { describe, needed } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import {
  addRowOptions,
  INPUTS_IN_WORDS,
  neededInputs,
  type RowOptions,
} from "../inputs.ts";
import {
  addCoderOptions,
  coderChanges,
  readingAsked,
} from "../coder_options.ts";
import type { CoderChanges } from "../../use/coder_changes.ts";
import type { Communicator } from "../../distributed/communicator.ts";
import {
  conductGroup,
  MPI_OPTION,
  rankChoice,
  readTogether,
} from "../group_session.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { followed, type Session } from "../session.ts";
import { count, duration } from "../../text.ts";
import { inputsFor } from "../training_rows.ts";

type EncodeFlags = DeviceOption & RowOptions & CoderChanges & {
  mpi?: true;
  overwrite?: true;
  out?: string;
  keep?: string[];
  activations?: number;
  dense?: true;
  group?: number;
  compression: "zstd" | "snappy" | "none";
};

/** `encode MODEL INPUT… --out FILE`: codes of rows, as Parquet. */
export function encodeCommand(io: Io): CommandUnknownOpts {
  const command = describe("encode", "turn rows into codes, as Parquet", [
    "dbksvd encode dbksvd-model fresh.parquet --out codes.parquet",
    "dbksvd encode dbksvd-model 'day/*.parquet' --out codes.parquet --keep id text",
    "dbksvd encode dbksvd-model fresh.parquet --activations 20 --out activations.parquet",
    "dbksvd encode nested-model fresh.parquet --group 2 --out prefix.parquet",
  ])
    .argument("<model>", "a model directory")
    .argument("[input...]", INPUTS_IN_WORDS)
    .option("--out <file>", "the Parquet file to write")
    .option("--overwrite", "replace whatever --out names")
    .option("--keep <column...>", "columns of the input to pass through")
    .option(
      "--activations <count>",
      "write a row's largest activations, so many, in place of its code",
      wholeNumber(),
    )
    .option("--dense", "a list of one value an atom, for small dictionaries")
    .option(
      "--group <count>",
      "code with the first groups of a nested dictionary only",
      wholeNumber(),
    )
    .addOption(
      new Option("--compression <codec>", "of the file")
        .choices(["zstd", "snappy", "none"]).default("zstd"),
    );
  return addDeviceOption(addCoderOptions(addRowOptions(command)))
    .option(
      MPI_OPTION[0],
      "share the rows among the processes of mpirun or srun: a part file each in --out",
    )
    .action((model, inputs, flags, self) =>
      conductGroup(
        io,
        self,
        (session, group) => encodeRows(model, inputs, flags, session, group),
      )
    );
}

async function encodeRows(
  directory: string,
  inputs: readonly string[],
  flags: EncodeFlags,
  session: Session,
  ranks?: Communicator,
): Promise<void> {
  const out = needed(flags.out, "--out");
  const asked = flags.activations === undefined ? "code" : "activation";
  readingAsked(flags, asked, "--activations");
  const [{ encode }, { loadDictionary }, { withCoder }] = await Promise
    .all([
      import("../../use/encode.ts"),
      import("../../use/models.ts"),
      import("../../use/coder_changes.ts"),
    ]);
  const model = withCoder(await loadDictionary(directory), coderChanges(flags));
  const named = neededInputs(inputs);
  const source = await inputsFor(directory, named, flags, session);
  try {
    const { keep, activations, dense, group, compression } = flags;
    const options = {
      ...followed(session),
      ...engineChoice(flags),
      ...(ranks && await rankChoice(ranks, flags)),
      out,
      overwrite: flags.overwrite,
      keep,
      activations,
      dense,
      group,
      compression,
    };
    const done = ranks === undefined
      ? await encode(model, source, options)
      : await (await import("../../use/encode_together.ts"))
        .encodeTogether(model, source, options, ranks);
    await readTogether(ranks, source, session);
    session.print(
      { model: directory, ...done },
      () =>
        `Coded ${count(done.rows)} rows in ${duration(done.seconds)} (${
          count(done.rows / done.seconds)
        } rows/s) by ${done.coder} into ${done.out}`,
    );
  } finally {
    await source.close();
  }
}
