import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe, needed } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import type { Io } from "../io.ts";
import { numberFrom } from "../options.ts";
import { conduct, followed, type Session } from "../session.ts";
import { count, figure, table } from "../../text.ts";
import { inputsOrTraining } from "../training_rows.ts";

type SteerFlags = DeviceOption & RowOptions & {
  atom?: string;
  out?: string;
  quantile: number;
  overwrite?: true;
};

/** `steer MODEL --atom 17+,…`: a vector to add to a model's activations. */
export function steerCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "steer",
    "write a vector that steers activations towards atoms",
    [
      "dbksvd steer dbksvd-model --atom 17+ --out steering.safetensors",
      "dbksvd steer dbksvd-model --atom 17+,40-:0.5 --out steering.safetensors",
    ],
  )
    .argument("<model>", "a model directory")
    .argument(
      "[input...]",
      "rows that tell how strong activations are (default: the training's)",
    )
    .option(
      "--atom <list>",
      "atoms with a sign, and a weight: 17+,40-:0.5",
    )
    .option("--out <file>", "the safetensors file to write")
    .option(
      "--quantile <q>",
      "an atom's strength, as a quantile of its activations",
      numberFrom(0),
      0.99,
    )
    .option("--overwrite", "replace whatever the file holds");
  return addDeviceOption(addRowOptions(command))
    .action((model, inputs, flags, self) =>
      conduct(io, self, (session) => steerModel(model, inputs, flags, session))
    );
}

async function steerModel(
  directory: string,
  inputs: readonly string[],
  flags: SteerFlags,
  session: Session,
): Promise<void> {
  const out = needed(flags.out, "--out");
  const list = needed(flags.atom, "--atom");
  const [{ parseSteeredAtoms, steer }, { loadDictionary }] = await Promise.all([
    import("../../use/steer.ts"),
    import("../../use/models.ts"),
  ]);
  const atoms = parseSteeredAtoms(list);
  const model = await loadDictionary(directory);
  const source = await inputsOrTraining(directory, inputs, flags, session);
  try {
    const done = await steer(model, source, {
      ...followed(session),
      ...engineChoice(flags),
      atoms,
      out,
      quantile: flags.quantile,
      overwrite: flags.overwrite,
    });
    session.print({ model: directory, ...done }, () =>
      [
        table(
          ["atom", "activation", "weight", "rows"],
          done.atoms.map(({ atom, sign, label, activation, weight, uses }) => [
            `${atom}${sign}${label === undefined ? "" : ` ${label}`}`,
            figure(activation),
            figure(weight),
            count(uses),
          ]),
        ),
        `A vector of length ${
          figure(done.length)
        }, ${done.width} wide, in ${done.out}`,
      ].join("\n"));
  } finally {
    await source.close();
  }
}
