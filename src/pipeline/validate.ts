import { Ajv, type ErrorObject } from "ajv";
import { DbksvdError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import schema from "./schema.json" with { type: "json" };

const check = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true })
  .compile(schema);

/**
 * Checks a configuration against its schema.
 *
 * @param value the parsed JSON
 * @param file where it comes from, for the error
 * @throws {DbksvdError} `usage`, with the JSON path of every field at fault
 */
export function validateConfig(
  value: unknown,
  file?: string,
): void {
  if (check(value)) return;
  const faults = (check.errors ?? []).map(describe);
  throw new DbksvdError(
    "usage",
    `Invalid pipeline configuration: ${faults.join("; ")}`,
    { where: { file }, mend: "correct it; schema.json describes every field" },
  );
}

function describe(error: ErrorObject): string {
  const { instancePath, keyword, params } = error;
  switch (keyword) {
    case "additionalProperties": {
      const name = String(params.additionalProperty);
      const near = nearest(name, propertiesAt(error));
      const hint = near === undefined ? "" : `, did you mean "${near}"?`;
      return `${instancePath}/${name} is not known${hint}`;
    }
    case "required":
      return `${instancePath}/${params.missingProperty} is missing`;
    case "enum":
      return `${instancePath} must be one of ${
        params.allowedValues.map((v: unknown) => JSON.stringify(v)).join(", ")
      }`;
    default:
      return `${instancePath || "/"} ${error.message}`;
  }
}

function propertiesAt(error: ErrorObject): string[] {
  return Object.keys(
    (error.parentSchema as { properties?: object })?.properties ?? {},
  );
}
