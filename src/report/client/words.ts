import { unbrokenCount as count } from "../../text.ts";

// Numbers as people read them.

export { count };

/** A figure to a few significant digits. */
export function figure(value: number, digits = 3): string {
  if (value < 0) return `−${figure(-value, digits)}`;
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (value >= 1e6 || value < 1e-3) return value.toExponential(digits - 1);
  return value >= 1000
    ? count(value)
    : String(Number(value.toPrecision(digits)));
}

/** A share as a percentage. */
export function share(value: number): string {
  const percent = value * 100;
  if (percent > 0 && percent < 0.01) return "<0.01%";
  return `${Number(percent.toPrecision(percent >= 10 ? 3 : 2))}%`;
}

/** Text cut to a length, whole characters only. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${[...text.slice(0, length + 1)].slice(0, -1).join("")}…`;
}

/** The end of a text, cut to a length. */
export function cutStart(text: string, length: number): string {
  if (text.length <= length) return text;
  return `…${[...text.slice(-length - 1)].slice(1).join("")}`;
}

/** What an atom's logits are products with, in words. */
export function logitsInWords(
  { tensor, norm }: { tensor: string; norm?: string },
): string {
  const folded = norm === undefined
    ? "without the final norm"
    : `${norm} folded in`;
  return `per unit of code, by ${tensor}, ${folded}`;
}
