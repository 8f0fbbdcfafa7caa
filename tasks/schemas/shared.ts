// What several documents hold.
import type { EngineInfo } from "../../src/engine/engine.ts";
import type { NotRead } from "../../src/rows/not_read.ts";
import {
  amount,
  count,
  define,
  type Field,
  type Fields,
  flag,
  list,
  map,
  object,
  optional,
  text,
  words,
} from "./fields.ts";

/** What an engine is, but for its details. */
export const ranBy = {
  kind: words("The engine.", ["gpu", "cpu"]),
  name: text("The adapter's name, or the processor's."),
  software: flag("Whether a GPU engine runs on a software driver."),
};

/** What ran a command. */
export const device = define(
  "device",
  object<EngineInfo>({
    ...ranBy,
    details: {
      json: {
        description: "What else is known of it: threads, driver, limits.",
        type: "object",
        additionalProperties: { type: ["string", "number", "boolean"] },
      },
    },
  }, "What did the work."),
);

/** What is timed: stages of an engine, the whole step, a training. */
export const STAGES = [
  ...["correlate", "gram", "mp", "omp", "refine", "refit", "residual"],
  ...["lists", "update", "step", "train"],
];

/** What lies among the inputs and was not used. */
export interface Unused {
  dropped?: Record<string, number>;
  notRead?: NotRead[];
}

/** What was passed over. */
export const notRead = list(
  "What lies among the inputs and was not read.",
  object<NotRead>({
    reason: text("Why."),
    count: count("How many."),
    paths: list("The first of them.", text("A path.")),
  }),
);

/** What was left out. */
export const dropped = map(
  "Rows that were dropped, by reason.",
  count("Rows."),
);

/** Fields of every document about rows. */
export const UNUSED: Fields<Unused> = {
  dropped: optional(dropped),
  notRead: optional(notRead),
};

/** A document about rows: its own fields, and what was not used of the inputs. */
export function ofRows<T>(fields: Fields<T>, description?: string): Field {
  return object<T & Unused>(
    // The types cannot tell that fields of two interfaces are fields of both.
    { ...fields, ...UNUSED } as unknown as Fields<T & Unused>,
    description,
  );
}

/** Which reading of the atoms a document goes by. */
export const by = words("What rows use atoms by.", ["code", "activation"]);

/** A model directory, as it was given. */
export const model = text("The model directory.");

/** A document about a model directory. */
export interface OfModel {
  model: string;
}

/** The time of a command. */
export const seconds = amount("How long it took.");

/** The file of a command that writes one. */
export const out = text("The file that was written.");

/** The size of such a file. */
export const bytes = count("Its size.");

/** The rows of such a file. */
export const rows = count("Rows in it.");
