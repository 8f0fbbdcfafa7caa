// The record of a training.
import type { ModelConfig } from "../../src/model/model.ts";
import { trainingOptions } from "../../src/options/table.ts";
import type { RowReading } from "../../src/rows/options.ts";
import {
  count,
  define,
  described,
  type Field,
  flag,
  list,
  number,
  object,
  optional,
  text,
  words,
} from "./fields.ts";
import { scores } from "./metrics.ts";
import { device, dropped, notRead, ranBy } from "./shared.ts";

const parameters: Field = {
  json: {
    description: "Every training parameter, as the options are named in JSON.",
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      trainingOptions().map((
        [key, { kind: { schema }, help, about = help }],
      ) => [
        key,
        { ...schema, description: about },
      ]),
    ),
  },
};

const reading = object<RowReading>({
  blobType: optional(
    words("What the bytes of a blob are.", ["f32", "f16", "bf16"]),
  ),
  width: optional(count("Dimensions of a row in raw dumps.")),
  skipInvalid: optional(flag("Whether invalid rows were dropped.")),
  where: optional({
    json: { description: "Filters on other columns.", type: "object" },
  }),
  skipItems: optional(count("Items left out of every outer row.")),
  unitNorm: optional(flag("Whether rows were divided by their length.")),
  maxNormQuantile: optional(
    number("Rows longer than this quantile were dropped."),
  ),
}, "How the rows were read: what was left out or changed.");

/** The record of a training. */
export const config = define(
  "config",
  object<ModelConfig>({
    formatVersion: count("Version of the directory's format."),
    toolVersion: text("Version of the tool that trained it."),
    parameters,
    inputs: list(
      "What it was trained on.",
      object<ModelConfig["inputs"][number]>({
        path: text("The file, or its address."),
        rows: count("Its rows."),
        bytes: count("Its size."),
        digest: optional(text("What its content comes to: `sha256:…`.")),
      }),
    ),
    column: optional(text("The column with the vectors.")),
    reading: optional(reading),
    rows: object<ModelConfig["rows"]>({
      read: count("Rows read."),
      training: count("Rows trained on."),
      heldOut: count("Rows held out."),
      capped: optional(count("Rows of huge norm that were pulled in.")),
      dropped,
    }, "Rows, by what was done with them."),
    holdoutBy: optional(text(
      "What held-out rows were kept together by: `outer` or a column; else rows by themselves.",
    )),
    notRead: optional(notRead),
    calibration: optional(object<NonNullable<ModelConfig["calibration"]>>({
      threshold: number("What a row's correlations have to exceed."),
      l0: number("Mean nonzeros a row under it."),
      on: words("Which rows it was found on.", [
        "validation",
        "held-out",
        "training",
      ]),
      rows: count("How many of them."),
    }, "How rows share their nonzeros.")),
    device,
    decoder: optional(object<NonNullable<ModelConfig["decoder"]>>({
      device: object<NonNullable<ModelConfig["decoder"]>["device"]>(
        ranBy,
        "What trained them.",
      ),
    }, "The training of the atoms as a decoder, after the passes.")),
    distributed: optional(object<NonNullable<ModelConfig["distributed"]>>({
      ranks: count("Processes."),
      library: text("What carried their sums."),
      devices: list("What did the work of each.", text("A device.")),
    }, "The processes that trained together.")),
    heldOut: optional(described("On the held-out rows.", scores)),
    training: optional(described("On as many training rows.", scores)),
    seconds: optional(number("How long the training took.")),
  }, "Everything recorded of a training: `config.json`."),
);
