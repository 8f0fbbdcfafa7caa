import { Ajv, type ErrorObject } from "ajv";
import { DbksvdError } from "../errors.ts";
import type { PipelineConfig } from "./config.ts";
import schema from "./schema.json" with { type: "json" };

const check = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true })
  .compile<PipelineConfig>(schema);

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
): asserts value is PipelineConfig {
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

function nearest(name: string, names: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  return names.map((other) => ({ other, far: distance(name, other) }))
    .filter(({ far }) => far <= limit)
    .sort((a, b) => a.far - b.far)[0]?.other;
}

/** Levenshtein's edit distance, letters compared without case. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1].toLowerCase() === b[j - 1].toLowerCase();
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1)),
      );
    }
    row = next;
  }
  return row[b.length];
}
