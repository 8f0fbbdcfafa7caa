const said = new Set<string>();

/** Tells something that concerns a whole process once. */
export function warnOnce(
  onNotice: ((notice: string) => void) | undefined,
  notice: string,
): void {
  if (onNotice === undefined || said.has(notice)) return;
  said.add(notice);
  onNotice(notice);
}
