/** Takes what lies under an address and is not taken, by its own address. */
export type LeftOut = (reason: "hidden" | "ending", address: string) => void;

/**
 * Why a file under an address is not taken; undefined for one that is. Writers keep unfinished work under names that
 * begin with `.` or `_`.
 *
 * @param path its path from there on
 * @param known whether a path is that of a file of rows
 */
export function whyLeftOut(
  path: string,
  known: (path: string) => boolean,
): Parameters<LeftOut>[0] | undefined {
  if (!known(path)) return "ending";
  const isHidden = path.split("/").some((part) => /^[._]/.test(part));
  return isHidden ? "hidden" : undefined;
}
