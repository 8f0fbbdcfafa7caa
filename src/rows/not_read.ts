/** Why something that lies among the inputs is not read. */
export type NotReadReason =
  /** A file with an ending that is not one of rows. */
  | "ending"
  /** A file of rows whose name, or whose folder's, begins with `.` or `_`: writers keep unfinished work there. */
  | "hidden"
  /** A link to nothing. */
  | "dangling link"
  /** A link to a folder, which may lead anywhere, in a circle too. */
  | "linked folder"
  /** A folder that a pattern matches. */
  | "folder"
  /** A pipe, a socket or a device with the name of a file. */
  | "other"
  /** A name that is not UTF-8. */
  | "name"
  /** A file beside a data set's own, such as a cache. */
  | "not listed"
  /** A further array in a file. */
  | "array";

/** What lies among the inputs and is not read, by reason. */
export interface NotRead {
  /** Why. */
  reason: NotReadReason;
  /** How many. */
  count: number;
  /** The first of them. */
  paths: string[];
}

/** Of each reason so many are named. */
const NAMED = 10;

/** Gathers what is not read. */
export class NotReadList {
  readonly #byReason = new Map<NotReadReason, NotRead>();

  /** Takes note of one. */
  add(reason: NotReadReason, path: string): void {
    const known = this.#byReason.get(reason) ?? { reason, count: 0, paths: [] };
    known.count++;
    if (known.paths.length < NAMED) known.paths.push(path);
    this.#byReason.set(reason, known);
  }

  /** All of them. */
  list(): NotRead[] {
    return [...this.#byReason.values()];
  }
}

const WORDS: Record<NotReadReason, [one: string, several: string]> = {
  ending: ["file of another ending", "files of other endings"],
  hidden: ["hidden file", "hidden files"],
  "dangling link": ["link to nothing", "links to nothing"],
  "linked folder": ["linked folder", "linked folders"],
  folder: ["folder", "folders"],
  other: ["pipe, socket or device", "pipes, sockets or devices"],
  name: ["name that is not UTF-8", "names that are not UTF-8"],
  "not listed": [
    "file that its data set does not list",
    "files that their data set does not list",
  ],
  array: ["further array", "further arrays"],
};

/** What was not used of the inputs, in words; empty where all was. */
export function unusedText(
  dropped: Readonly<Record<string, number>>,
  notRead: readonly NotRead[] = [],
): string {
  const rows = Object.entries(dropped).filter(([, count]) => count > 0)
    .map(([reason, count]) =>
      `${count} ${count === 1 ? "row" : "rows"} (${reason})`
    );
  const others = notRead.map(({ reason, count, paths }) => {
    const some = paths.slice(0, 3).join(", ");
    const more = count > 3 ? ", …" : "";
    return `${count} ${WORDS[reason][count === 1 ? 0 : 1]} (${some}${more})`;
  });
  const all = [...rows, ...others];
  return all.length === 0 ? "" : `Not used: ${all.join("; ")}`;
}
