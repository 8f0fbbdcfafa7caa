// Names of atoms.
import type { Labels } from "../../src/labels/label.ts";
import {
  define,
  type Field,
  number,
  object,
  optional,
  sign,
  text,
  words,
} from "./fields.ts";

/** A label, with where it is from. */
const label = define(
  "label",
  object<Exclude<Labels[string], string | readonly unknown[]>>({
    label: text("The name."),
    source: words("Who gave it.", ["hand", "probe", "model", "import"]),
    sign: optional(sign("The sign of the codes that it names; else both.")),
    score: optional(number("How well it fits, 0 to 1, by its source.")),
    fuzzing: optional(number("How well its tokens are known, 0 to 1.")),
    model: optional(text("The language model that gave it.")),
    prompt: optional(text("The version of the prompt.")),
  }, "A name of an atom."),
);

/** What names an atom. */
export const labelEntry = define("labelEntry", {
  json: {
    anyOf: [
      { type: "string", description: "A name given by hand." },
      label.json,
      { type: "array", items: label.json, minItems: 2, maxItems: 2 },
    ],
  },
});

/** Names by atom. */
export const labels: Field = {
  json: {
    description: "Names by atom index.",
    type: "object",
    propertyNames: { pattern: "^(0|[1-9][0-9]*)$" },
    additionalProperties: labelEntry.json,
  },
};
