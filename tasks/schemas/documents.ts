import { BENCHMARKS } from "./benchmarks.ts";
import type { Document } from "./fields.ts";
import { FILES } from "./files.ts";
import { LOOKING } from "./looking.ts";
import { PROBING } from "./probing.ts";
import { NAMING } from "./naming.ts";
import { PIPELINES } from "./pipelines.ts";
import { SHARING } from "./sharing.ts";
import { USING } from "./using.ts";

/** Every JSON document that the tool prints or writes, but its configurations, which src/ describes. */
export const DOCUMENTS: readonly Document[] = [
  ...USING,
  ...SHARING,
  ...LOOKING,
  ...PROBING,
  ...NAMING,
  ...BENCHMARKS,
  ...PIPELINES,
  ...FILES,
];
