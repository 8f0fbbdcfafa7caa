/**
 * What values an option takes: how they are recognised, named, read from a command line and described in JSON Schema.
 */
export interface Kind {
  /** What a value has to be, to follow "it takes". */
  needs: string;
  /** Whether a value is one of them. */
  accepts(value: unknown): boolean;
  /** Its JSON Schema (draft 7). */
  schema: Record<string, unknown>;
  /** Reads a word of the command line; `undefined` for one that means nothing. Absent where the option is a switch. */
  read?(word: string): unknown;
  /** All words that it takes, where there is a list of them. */
  words?: readonly string[];
}

/** Whole numbers. */
export function wholeNumber(least: number, most = Infinity): Kind {
  const accepts = (value: unknown) =>
    Number.isSafeInteger(value) && value as number >= least &&
    value as number <= most;
  return {
    needs: most === Infinity
      ? `a whole number from ${least}`
      : `a whole number from ${least} to ${most}`,
    accepts,
    schema: {
      type: "integer",
      minimum: least,
      ...(most < Infinity && { maximum: most }),
    },
    read: (word) => numberOf(word, accepts),
  };
}

/** Finite numbers from `least` on, under `below`. */
export function number(least: number, below = Infinity): Kind {
  const accepts = (value: unknown) =>
    Number.isFinite(value) && value as number >= least &&
    value as number < below;
  return {
    needs: below === Infinity
      ? `a number from ${least}`
      : `a number from ${least}, below ${below}`,
    accepts,
    schema: {
      type: "number",
      minimum: least,
      ...(below < Infinity && { exclusiveMaximum: below }),
    },
    read: (word) => numberOf(word, accepts),
  };
}

/** A share under 1, or a whole number. */
export function shareOrCount(): Kind {
  const accepts = (value: unknown) =>
    Number.isFinite(value) && value as number >= 0 &&
    (value as number < 1 || Number.isInteger(value));
  return {
    needs: "a fraction under 1, or whole rows",
    accepts,
    schema: {
      anyOf: [
        { type: "number", minimum: 0, exclusiveMaximum: 1 },
        { type: "integer", minimum: 1 },
      ],
    },
    read: (word) => numberOf(word, accepts),
  };
}

/** One of some words. */
export function oneOf(...words: string[]): Kind {
  return {
    needs: words.join(" or "),
    accepts: (value) => words.includes(value as string),
    schema: { enum: words },
    read: (word) => words.includes(word) ? word : undefined,
    words,
  };
}

/** On or off. */
export function onOrOff(): Kind {
  return {
    needs: "true or false",
    accepts: (value) => typeof value === "boolean",
    schema: { type: "boolean" },
  };
}

/** Any text but none. */
export function text(): Kind {
  return {
    needs: "a text",
    accepts: (value) => typeof value === "string" && value !== "",
    schema: { type: "string", minLength: 1 },
    read: (word) => word === "" ? undefined : word,
  };
}

/** Whole numbers of at least 1, set apart by commas on the command line. */
export function counts(): Kind {
  return {
    needs: "whole numbers from 1",
    accepts: areCounts,
    schema: {
      type: "array",
      minItems: 1,
      items: { type: "integer", minimum: 1 },
    },
    read: (word) => {
      const values = word.split(",").map((part) => numberOf(part));
      return areCounts(values) ? values : undefined;
    },
  };
}

/** Sizes of nested groups: one of some words, or sizes of which the last may be `rest`. */
export function groupSizesOr(...words: string[]): Kind {
  const accepts = (value: unknown) =>
    words.includes(value as string) ||
    Array.isArray(value) && value.length > 0 &&
      areCounts(value.at(-1) === "rest" ? [1, ...value.slice(0, -1)] : value);
  return {
    needs: `${
      words.join(", ")
    }, or a list of sizes of at least 1, the last one also as rest`,
    accepts,
    schema: {
      oneOf: [{ enum: words }, {
        type: "array",
        minItems: 1,
        items: {
          anyOf: [{ type: "integer", minimum: 1 }, { const: "rest" }],
        },
      }],
    },
    read: (word) => {
      if (words.includes(word)) return word;
      const parts = word.split(",");
      const sizes = parts.map((part, i) =>
        part === "rest" && i === parts.length - 1 ? part : numberOf(part)
      );
      return accepts(sizes) ? sizes : undefined;
    },
  };
}

function areCounts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 &&
    value.every((one) => Number.isSafeInteger(one) && one >= 1);
}

function numberOf(
  word: string,
  accepts: (value: number) => boolean = Number.isSafeInteger,
): number | undefined {
  const value = Number(word);
  return word.trim() !== "" && accepts(value) ? value : undefined;
}
