/**
 * Writes what follows from the table of training options: the training part of the pipeline's schema, and the table of
 * docs/parameters.md.
 */
import { OPTION_GROUPS, type OptionEntry } from "../src/options/entry.ts";
import { flagOf, trainingOptions } from "../src/options/table.ts";

const ROOT = new URL("../", import.meta.url);

/** Where the schema lies. */
export const SCHEMA = new URL("src/pipeline/schema.json", ROOT);

/** Where the parameters page lies. */
export const PAGE = new URL("docs/parameters.md", ROOT);

/** The first property of a pipeline's training that is no training option. */
const FIRST_OTHER = '"column": {';

const BEGIN = "<!-- Every option: deno task write-options -->";
const END = "<!-- End of every option -->";

/** The training options in JSON Schema, by name: those that a pipeline takes. */
export function optionSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    trainingOptions().filter(([, { pipeline = true }]) => pipeline)
      .map(([key, { kind: { schema }, help, about = help, ...entry }]) => [
        key,
        { ...schema, description: about, default: entry.default },
      ]),
  );
}

/** The schema's text with the training options as they are now, ahead of what else its training part holds. */
export function schemaWithOptions(text: string): string {
  const part = text.indexOf('"definitions"');
  const from = text.indexOf('"properties": {', part) + '"properties": {'.length;
  const to = text.indexOf(FIRST_OTHER, from);
  if (part < 0 || to < from) {
    throw new Error(`${SCHEMA} has lost ${FIRST_OTHER}`);
  }
  const lines = Object.entries(optionSchemas()).map(([key, schema]) =>
    `${JSON.stringify(key)}: ${JSON.stringify(schema)},`
  );
  return `${text.slice(0, from)}${lines.join("")}${text.slice(to)}`;
}

/** The page with its table as the options are now. */
export function pageWithOptions(page: string): string {
  const from = page.indexOf(BEGIN), to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${PAGE} has lost its marks`);
  return `${page.slice(0, from)}${BEGIN}\n\n${tables()}\n\n${page.slice(to)}`;
}

function tables(): string {
  return OPTION_GROUPS.map((group) => {
    const lines = trainingOptions()
      .filter(([, entry]) => entry.group === group)
      .map(([key, entry]) =>
        `| \`${flagOf(key)}${
          entry.value === undefined ? "" : ` <${entry.value}>`
        }\` | \`${key}\` | ${takes(entry)} | ${standardOf(entry)} | ${
          entry.about ?? entry.help
        } |`
      );
    return [
      `### ${group}`,
      "",
      "| option | in JSON | takes | default | |",
      "| --- | --- | --- | --- | --- |",
      ...lines,
    ].join("\n");
  }).join("\n\n");
}

function takes({ kind }: OptionEntry): string {
  return kind.words === undefined
    ? kind.needs
    : kind.words.map((word) => `\`${word}\``).join(" or ");
}

function standardOf({ default: standard, otherwise }: OptionEntry): string {
  if (standard === undefined) return otherwise ?? "";
  return typeof standard === "boolean"
    ? (standard ? "true" : "false")
    : String(standard);
}

if (import.meta.main) {
  for (
    const [file, renewed] of [
      [SCHEMA, schemaWithOptions],
      [PAGE, pageWithOptions],
    ] as const
  ) {
    await Deno.writeTextFile(file, renewed(await Deno.readTextFile(file)));
  }
}
