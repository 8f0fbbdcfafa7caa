/**
 * What tells a value of a column from others: a whole number is the same whether a file holds it in 32 or in 64 bits,
 * and lists and structures are what they hold.
 *
 * @param value as `RowSource.readColumns` gives it
 * @returns what a `Map` can be asked for
 */
export function valueKey(value: unknown): unknown {
  return typeof value === "object"
    ? JSON.stringify(value, (_, part) => plain(part) ?? null)
    : plain(value);
}

function plain(value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : `${value}n`;
}
