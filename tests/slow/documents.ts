/** A block of commands in a document, with what it says that they print. */
export interface Block {
  /** Where it stands: file and line. */
  place: string;
  commands: string[];
  /** The text block right behind it. */
  output: string[];
}

/** The blocks of a Markdown text that are marked `sh run`. */
export function runnableBlocks(file: string, markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] !== "```sh run") continue;
    const commands = fenced(lines, at);
    let next = at + commands.length + 2;
    while (lines[next] === "") next++;
    blocks.push({
      place: `${file}:${at + 1}`,
      commands: commands
        .map((line) => line.replace(/\s+#.*$/, ""))
        .filter((line) => line !== ""),
      output: lines[next] === "```text" ? fenced(lines, next) : [],
    });
  }
  return blocks;
}

function fenced(lines: readonly string[], start: number): string[] {
  const end = lines.indexOf("```", start + 1);
  return lines.slice(start + 1, end);
}

/** How far a figure may be from the one in a document. */
const TOLERANCE = 0.01;

/**
 * Whether a printed line is what a document says: the same words, figures within 1 %. Times, rates and the names of
 * machines and folders are left out: they are the reader's own.
 */
export function saysTheSame(expected: string, printed: string): boolean {
  const [wanted, found] = [expected, printed].map((line) =>
    line
      .replace(/\bon \D.* \((?:CPU|GPU) engine\)/, "on MACHINE")
      .replace(/\(\d[\d ]*(?:\.\d+)? rows\/s\)/, "(RATE)")
      .replace(/\d+(?:\.\d+)? (?:s|ms|min|h)\b(?: \d+ (?:s|min)\b)?/g, "TIME")
      .replace(/(?<=\d) (?=\d{3}\b)/g, "")
      .trim().split(/\s+/)
  );
  return wanted.length === found.length &&
    wanted.every((word, i) => sameWord(word, found[i]));
}

function sameWord(wanted: string, found: string): boolean {
  if (wanted === found) return true;
  const parts = (word: string) => /^(\D*?)(\d+(?:\.\d+)?)(\D*)$/.exec(word);
  const [a, b] = [parts(wanted), parts(found)];
  if (a === null || b === null || a[1] !== b[1] || a[3] !== b[3]) return false;
  return Math.abs(Number(a[2]) - Number(b[2])) <= TOLERANCE * Number(a[2]);
}
