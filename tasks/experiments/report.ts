/** One experiment's outcome. */
export interface Report {
  title: string;
  /** Markdown. */
  body: string;
}

const RESULTS = new URL("./RESULTS.md", import.meta.url);

/** A table in Markdown, first column to the left. */
export function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
    .join("\n");
}

/** Writes RESULTS.md: sections that were run replace those of their title and tier, others stay. */
export async function writeReport(
  reports: readonly Report[],
  tier: string,
): Promise<void> {
  const kept = await sectionsOf(RESULTS);
  for (const { title, body } of reports) {
    kept.set(`## ${title} (${tier})`, body);
  }
  const command =
    "`deno task experiments` (small) and `deno task experiments --full` (full)";
  await Deno.writeTextFile(
    RESULTS,
    `# What the defaults rest on\n\nWritten by ${command}, on the CPU engine; the same command gives the same numbers. What was tried and not kept is in NOTES.md.\n\n${
      [...kept].map(([heading, body]) => `${heading}\n\n${body}\n`).join("\n")
    }`,
  );
}

async function sectionsOf(file: URL): Promise<Map<string, string>> {
  const sections = new Map<string, string>();
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return sections;
    throw error;
  }
  for (const section of text.split(/^(?=## )/m).slice(1)) {
    const [heading, ...rest] = section.split("\n");
    sections.set(heading, rest.join("\n").trim());
  }
  return sections;
}
