/** A fact of a bar, and its rank: where room is short, the facts of the highest rank go first. */
export interface Fact {
  text: string;
  rank: number;
}

/** Cells of a bar, where all facts fit beside it; */
const BAR_CELLS = 24;
/** and the fewest, before facts are left out for it. */
const FEWEST_CELLS = 8;

/**
 * A bar with facts beside it, in one line: where room is short the bar shrinks, then facts go, those of the highest
 * rank first, and at last the bar.
 *
 * @param label what stands in front
 * @param share how much of the bar is full, 0 to 1
 * @param facts what is shown, in order
 * @param columns the most characters of the line
 */
export function fitted(
  label: string,
  share: number,
  facts: readonly Fact[],
  columns: number,
): string {
  let kept = [...facts];
  while (true) {
    const text = kept.map(({ text }) => text).join(", ");
    const room = columns - label.length - text.length - 2;
    if (room >= FEWEST_CELLS) {
      return `${label} ${cells(share, Math.min(BAR_CELLS, room))} ${text}`;
    }
    const last = Math.max(...kept.map(({ rank }) => rank));
    if (last === 0) return [...`${label} ${text}`].slice(0, columns).join("");
    // The two that matter most are worth more than the bar.
    const bare = `${label} ${text}`;
    if (kept.length <= 3 && bare.length <= columns) return bare;
    kept = kept.filter(({ rank }) => rank !== last);
  }
}

function cells(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
}

/** Text broken between words into lines of at most so many characters; a longer word has a line of its own. */
export function wrapped(text: string, columns: number): string {
  return text.split("\n").map((line) => {
    const lines = [""];
    for (const word of line.split(" ")) {
      const last = lines[lines.length - 1];
      if (last === "") lines[lines.length - 1] = word;
      else if ([...last].length + 1 + [...word].length <= columns) {
        lines[lines.length - 1] = `${last} ${word}`;
      } else lines.push(word);
    }
    return lines.join("\n");
  }).join("\n");
}
