import { BENCHMARKS } from "./benchmarks.ts";
import { DOCTOR } from "./doctor.ts";
import { EXPORTING } from "./exporting.ts";
import type { Document } from "./fields.ts";
import { FILES } from "./files.ts";
import { LEARNING } from "./learning.ts";
import { LOOKING } from "./looking.ts";
import { PROBING } from "./probing.ts";
import { NAMING } from "./naming.ts";
import { PIPELINES } from "./pipelines.ts";
import { SHARING } from "./sharing.ts";
import { USING } from "./using.ts";

/** Every JSON document that the tool prints or writes, but its configurations, which src/ describes. */
export const DOCUMENTS: readonly Document[] = [
  ...LEARNING,
  ...USING,
  ...EXPORTING,
  ...SHARING,
  ...LOOKING,
  ...PROBING,
  ...NAMING,
  ...DOCTOR,
  ...BENCHMARKS,
  ...PIPELINES,
  ...FILES,
];
