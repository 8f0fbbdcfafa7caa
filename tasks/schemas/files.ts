// The JSON files that the tool writes beside its answers, and what every command has in common.
import type { LostLabel } from "../../src/labels/file.ts";
import type { MetricsLine } from "../../src/model/model.ts";
import type { ProbeData } from "../../src/report/data.ts";
import type { ErrorPlace } from "../../src/errors.ts";
import type { Failure } from "../../src/cli/failure.ts";
import {
  amount,
  count,
  type Document,
  either,
  figure,
  list,
  map,
  number,
  object,
  optional,
  text,
  words,
} from "./fields.ts";
import { PROBED, suggested } from "./probing.ts";
import { config } from "./config.ts";
import { labelEntry, labels } from "./labels.ts";

const lostLabel = object<LostLabel>({
  atom: count("The atom that it named in the dictionary that was replaced."),
  entry: labelEntry,
  cosine: number("|cos| to the nearest atom of the new dictionary."),
});

const metricsLine = object<MetricsLine>({
  iteration: count("From 0 over the whole training."),
  pass: count("Pass over the data, from 0."),
  rowsSeen: count("Rows used so far, over all passes."),
  codingFvu: figure("Σ‖r‖²/Σ‖y‖² of the batch after coding."),
  updatedFvu: figure("The same after the update."),
  l0: figure("Mean nonzeros a row."),
  atomBatch: count("Atoms updated from one residual."),
  deadAtoms: count("Atoms used too little over the last pass."),
  duplicates: count("Atoms that nearly equal a more used one."),
  replaced: count("Atoms replaced in this iteration."),
  milliseconds: amount("Device time, where it can be measured."),
  stages: map("The same by stage.", amount("Milliseconds.")),
  validationFvu: optional(figure("FVU on the validation rows.")),
});

const failure = object<Failure["document"]>({
  error: object<Failure["document"]["error"]>({
    kind: words("How a user sorts it; the exit code follows.", [
      "run",
      "usage",
      "data",
      "device",
      "stopped",
    ]),
    message: text("One line: what, where, what to do."),
    where: optional(object<ErrorPlace>({
      file: optional(text("The file, or its address.")),
      column: optional(text("The column.")),
      rowGroup: optional(count("The row group of a Parquet file.")),
      row: optional(count("The row, from 0.")),
      atom: optional(count("The atom, from 0.")),
      stage: optional(text("The stage of an iteration.")),
      batch: optional(count("The sample batch.")),
    }, "The place, where there is one.")),
  }),
});

/** Documents of every command, and files. */
export const FILES: readonly Document[] = [
  { name: "error", title: "a failed command with --json", field: failure },
  {
    name: "version",
    title: "dbksvd --version --json",
    field: object<{ version: string }>({ version: text("Of the tool.") }),
  },
  {
    name: "completions",
    title: "dbksvd completions --json",
    field: object<{ shell: string; script: string }>({
      shell: words("The shell.", ["bash", "zsh", "fish"]),
      script: text("What the shell is to read."),
    }),
  },
  { name: "config", title: "config.json of a model", field: config },
  {
    name: "metrics-line",
    title: "a line of a model's metrics.jsonl",
    field: metricsLine,
  },
  { name: "labels", title: "labels.json of a model", field: labels },
  {
    name: "labels-suggested",
    title: "labels.suggested.json of a model",
    field: suggested,
  },
  {
    name: "labels-lost",
    title: "labels.lost.json of a model",
    field: list(
      "Names whose atom has no successor.",
      either(
        lostLabel,
        object<{ text: string }>({
          text: text("Of a labels.json that could not be read."),
        }),
      ),
    ),
  },
  {
    name: "probe-kept",
    title: "probe.json of a model",
    field: object<ProbeData>({
      model: text("The model, as it was given."),
      rows: count("Rows coded."),
      rowsName: text("What they are, in words."),
      ...PROBED,
    }),
  },
];
