import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { SCHEMAS } from "../../tasks/write_schemas.ts";

const ajv = new Ajv2020({
  allErrors: true,
  allowUnionTypes: true,
  // Times are known by the schemas' readers.
  validateFormats: false,
});
const compiled = new Map<string, ValidateFunction>();

/** Holds what would be printed or written to its schema, docs/schemas/NAME.json. */
export function assertDocument(name: string, document: unknown): void {
  let fits = compiled.get(name);
  if (fits === undefined) {
    const file = new URL(`${name}.json`, SCHEMAS);
    fits = ajv.compile(JSON.parse(Deno.readTextFileSync(file)));
    compiled.set(name, fits);
  }
  const written = JSON.parse(JSON.stringify(document));
  const faults = fits(written) ? [] : fits.errors ?? [];
  assert.deepEqual(
    faults.map(({ instancePath, message, params }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`
    ),
    [],
    name,
  );
}

/** Holds what a command printed with `--json` to its schema: one document, and nothing else. */
export function assertAnswer(
  args: readonly string[],
  code: number,
  stdout: string,
): void {
  assert.match(stdout, /^.+\n$/, "one document on one line");
  const document = JSON.parse(stdout);
  const failed = code !== 0 && "error" in document;
  assertDocument(failed ? "error" : documentOf(args), document);
}

/** The name of the document that a command line prints. */
function documentOf([first, second]: readonly string[]): string {
  if (first.startsWith("-")) return "version";
  const inner: Record<string, string[]> = {
    bench: ["rows", "card"],
    pipeline: ["run", "schedule", "status", "history", "rollback", "release"],
  };
  return inner[first]?.includes(second) ? `${first}-${second}` : first;
}
