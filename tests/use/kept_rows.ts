// Rows with columns that are kept beside their codes.
import { openRows } from "../../src/rows/open.ts";
import { encode } from "../../src/use/encode.ts";
import { makeModel } from "../model/models.ts";
import { sql } from "../rows/writers.ts";
import { CPU } from "./helpers.ts";

/** SQL of a time that has microseconds. */
export const MOMENT = "TIMESTAMP '2024-01-02 03:04:05.123456'";

/** Writes three rows, column `v`, with other columns out of SQL. */
export async function write(path: string, values: string): Promise<void> {
  await sql(`copy (select [cos(i), sin(i), i]::float[] as v, ${values}
    from range(3) t(i)) to '${path}'`);
}

/** Encodes rows, with columns to keep. */
export async function kept(inputs: string[], out: string, keep: string[]) {
  await using source = await openRows(inputs, { column: "v" });
  const model = makeModel({ width: 3, atoms: 8 });
  await encode(model, source, { out, keep, ...CPU });
}

/** Values of a column in the order of rows as DuckDB writes them, and its type. */
export async function read(file: string, name: string): Promise<string[]> {
  const [values, types] = await sql(
    `select "${name}"::varchar, typeof("${name}") from '${file}'`,
  );
  return [...values, ...types].map(String);
}
