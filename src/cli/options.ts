import { InvalidArgumentError } from "@commander-js/extra-typings";
import { isJsonObject } from "../json.ts";

/** Reads a whole number of at least `least`, and of at most `most`. */
export function wholeNumber(
  least = 1,
  most = Infinity,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isWhole = text.trim() !== "" && Number.isSafeInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    const to = most === Infinity ? "" : ` to ${most}`;
    throw new InvalidArgumentError(
      `It takes a whole number from ${least}${to}.`,
    );
  };
}

/** Reads a finite number of at least `least`. */
export function numberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= least) {
      return value;
    }
    throw new InvalidArgumentError(`It takes a number from ${least}.`);
  };
}

/** Reads a quantile. */
export function quantile(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("It takes a number over 0, at most 1.");
}

/** Reads whole numbers set apart by commas. */
export function wholeNumbers(text: string): number[] {
  return text.split(",").map((part) => wholeNumber()(part));
}

/** Reads words of a set, set apart by commas. */
export function choices<T extends string>(
  words: readonly T[],
): (text: string) => T[] {
  return (text) => {
    const chosen = text.split(",").map((part) =>
      words.find((word) => word === part)
    );
    if (chosen.every((word) => word !== undefined)) return chosen;
    throw new InvalidArgumentError(`It takes a list of ${words.join(", ")}.`);
  };
}

/** Reads a JSON object. */
export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isJsonObject(value)) return value;
  throw new InvalidArgumentError("It takes a JSON object.");
}

/** Reads `name=value`, and adds it to what came before. */
export function assignment(
  text: string,
  previous: Record<string, string> = {},
): Record<string, string> {
  const at = text.indexOf("=");
  if (at > 0) return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError("It takes the form atom=name.");
}
