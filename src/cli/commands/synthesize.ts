import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import {
  DEFAULT_PLANTED_OPTIONS as DEFAULTS,
  type PlantedOptions,
} from "../../synthetic/planted.ts";
import { describe, needed } from "../command.ts";
import type { Io } from "../io.ts";
import { numberFrom, wholeNumber } from "../options.ts";
import { conduct, followed, type Session } from "../session.ts";
import { count, duration } from "../../text.ts";

type SynthesizeFlags = PlantedOptions & {
  out?: string;
  truth?: string;
  column: string;
};

/** `synthesize --out FILE`: planted rows with their true dictionary. */
export function synthesizeCommand(io: Io): CommandUnknownOpts {
  return describe(
    "synthesize",
    "write planted rows to Parquet, and the dictionary they are made of",
    [
      "dbksvd synthesize --out x.parquet",
      "dbksvd synthesize --out x.parquet --rows 100000 --zipf 1 --correlation 0.5",
      "dbksvd evaluate dbksvd-model x.parquet --truth x.truth.safetensors",
    ],
  )
    .option("--out <file>", "the Parquet file to write")
    .option("--truth <file>", "the dictionary's file (default: beside --out)")
    .option("--column <name>", "the column to write", "embedding")
    .optionsGroup("Made of:")
    .option("--rows <count>", "rows", wholeNumber(), DEFAULTS.rows)
    .option("--width <count>", "dimensions", wholeNumber(), DEFAULTS.width)
    .option("--atoms <count>", "true atoms", wholeNumber(), DEFAULTS.atoms)
    .option(
      "--sparsity <count>",
      "nonzeros a row",
      wholeNumber(),
      DEFAULTS.sparsity,
    )
    .addOption(
      new Option("--coefficients <kind>", "how coefficients are spread")
        .choices(["normal", "uniform", "exponential"] as const)
        .default(DEFAULTS.coefficients),
    )
    .option(
      "--noise <share>",
      "length of the noise, of a row's",
      numberFrom(0),
      DEFAULTS.noise,
    )
    .option(
      "--zipf <exponent>",
      "how uneven the atoms' use is",
      numberFrom(0),
      DEFAULTS.zipf,
    )
    .option(
      "--correlation <chance>",
      "that an atom is of its row's topic",
      numberFrom(0),
      DEFAULTS.correlation,
    )
    .option("--seed <number>", "seed", wholeNumber(0), DEFAULTS.seed)
    .action((flags, self) =>
      conduct(io, self, (session) => synthesizeRows(flags, session))
    );
}

async function synthesizeRows(
  flags: SynthesizeFlags,
  session: Session,
): Promise<void> {
  const { synthesize } = await import("../../use/synthesize.ts");
  const { rows, width, atoms, sparsity, coefficients } = flags;
  const { noise, zipf, correlation, seed, truth, column } = flags;
  const { signal, onProgress } = followed(session);
  const done = await synthesize({
    signal,
    onProgress,
    out: needed(flags.out, "--out"),
    truth,
    column,
    rows,
    width,
    atoms,
    sparsity,
    coefficients,
    noise,
    zipf,
    correlation,
    seed,
  });
  session.print(
    done,
    () =>
      `Wrote ${count(done.rows)} rows to ${done.out} in ${
        duration(done.seconds)
      }, their dictionary to ${done.truth}`,
  );
}
