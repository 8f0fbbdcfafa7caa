import { extname } from "node:path";
import { DbksvdError } from "../errors.ts";

const PARQUET_ENDINGS = ["", ".parquet", ".parq", ".pq"];

/**
 * Refuses a name for a Parquet file that says it is something else: whoever opens `codes.csv` expects text.
 *
 * @param out the file to write
 * @param what its contents, for the message: "Codes"
 * @throws {DbksvdError} `usage`
 */
export function requireParquetName(out: string, what: string): void {
  const ending = extname(out).toLowerCase();
  if (PARQUET_ENDINGS.includes(ending)) return;
  throw new DbksvdError(
    "usage",
    `${what} are written as Parquet, not as "${ending}"`,
    {
      where: { file: out },
      mend:
        "name a file that ends in .parquet; DuckDB turns it into anything else: COPY 'codes.parquet' TO 'codes.csv'",
    },
  );
}
