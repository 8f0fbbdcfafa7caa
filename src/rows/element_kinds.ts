/**
 * What to say where a file holds whole numbers and those before it fractions, or the other way round: vectors that
 * were quantised have another scale. Undefined where there is nothing to say, or a type is not known.
 *
 * @param file the file
 * @param element what its numbers are
 * @param before what those of the files before it are
 */
export function otherKindNotice(
  file: string,
  element: string | undefined,
  before: string | undefined,
): string | undefined {
  if (element === undefined || before === undefined) return undefined;
  if (isWhole(element) === isWhole(before)) return undefined;
  return `${file}: its numbers are ${element}, those before it ${before}: if they were quantised, they have another scale`;
}

function isWhole(element: string): boolean {
  return /^[iu]/.test(element);
}
