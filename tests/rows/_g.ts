import { sql } from "./writers.ts";
await sql(
  "SET memory_limit='5GB'",
  "SET preserve_insertion_order=false",
  `COPY (SELECT v FROM read_parquet('/tmp/rows/d/snappy.parquet'), range(70)) TO '/tmp/rows/ten.parquet' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)`,
);
console.log("done");
