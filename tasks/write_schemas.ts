/** Writes docs/schemas/: a JSON Schema for every document that the tool prints or writes. */
import { DOCUMENTS } from "./schemas/documents.ts";
import { schemaOf } from "./schemas/fields.ts";

/** Where the schemas lie. */
export const SCHEMAS: URL = new URL("../docs/schemas/", import.meta.url);

/** The schemas by their files' names. */
export function schemaTexts(): Map<string, string> {
  return new Map(DOCUMENTS.map((document) => [
    `${document.name}.json`,
    `${JSON.stringify(schemaOf(document), null, 2)}\n`,
  ]));
}

if (import.meta.main) {
  await Deno.remove(SCHEMAS, { recursive: true }).catch(() => {});
  await Deno.mkdir(SCHEMAS, { recursive: true });
  for (const [file, text] of schemaTexts()) {
    await Deno.writeTextFile(new URL(file, SCHEMAS), text);
  }
}
