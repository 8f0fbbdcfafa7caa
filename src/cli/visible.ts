// Characters that a terminal obeys in place of showing them: control characters but line ends and tabs, and those
// that turn the direction of writing. Colours of the program's own are put on afterwards.
const OBEYED = /(?![\n\t])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text of files (names, labels, columns) as a terminal may show it: characters that it would obey are written out.
 *
 * @param text what to show
 */
export function visible(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16)}`;
  });
}
