// What doctor prints.
import type { StageThroughput } from "../../src/bench/quick.ts";
import type { DeviceProbe } from "../../src/gpu/probe.ts";
import type { GroupReport, RankReport } from "../../src/use/group_doctor.ts";
import {
  amount,
  count,
  type Document,
  either,
  flag,
  list,
  map,
  object,
  text,
  words,
} from "./fields.ts";
import { STAGES } from "./shared.ts";

type Adapter = NonNullable<DeviceProbe["adapter"]>;

const adapter = object<Adapter>({
  name: text("Its name."),
  vendor: text("Its vendor."),
  architecture: text("Its architecture."),
  software: flag("Whether it computes on the processor."),
  features: list("What it can do.", text("A WebGPU feature.")),
  subgroups: flag("Whether subgroup operations are granted."),
  timestamps: flag("Whether times by stage can be measured."),
  limits: map("The limits that decide what fits.", count("A limit.")),
}, "The adapter.");

const examination = object<
  Omit<DeviceProbe, "adapter"> & {
    adapter: Adapter | null;
    stages: StageThroughput[];
  }
>({
  ok: flag("Whether the GPU engine can run on a real GPU."),
  adapter: { json: { anyOf: [adapter.json, { type: "null" }] } },
  problems: list(
    "What keeps the GPU from being used, or used well.",
    object<DeviceProbe["problems"][number]>({
      what: text("What."),
      mend: text("What to do about it."),
    }),
  ),
  stages: list(
    "How fast each stage goes on a small problem.",
    object<StageThroughput>({
      stage: words("The stage.", STAGES),
      milliseconds: amount("A run of it."),
      rowsPerSecond: amount("Rows."),
    }),
  ),
}, "What the machine's GPU is.");

interface Plan {
  adapter: string;
  neededBytes: number;
  availableBytes: number;
  form: "gram" | "product";
  chunkRows: number;
  buffers: { name: string; bytes: number }[];
  lines: string[];
}

const plan = object<Plan>({
  adapter: text("The adapter's name."),
  neededBytes: count("Memory that would be taken."),
  availableBytes: count("Memory that may be taken."),
  form: words("How rows would be coded.", ["gram", "product"]),
  chunkRows: count("Rows coded at a time."),
  buffers: list(
    "What is kept on the device.",
    object<Plan["buffers"][number]>({
      name: text("What."),
      bytes: count("Its size."),
    }),
  ),
  lines: list("The same in words.", text("A line.")),
}, "What a training of a size would take: --plan.");

const group = object<GroupReport>({
  library: text("What carries sums."),
  ranks: list(
    "The processes.",
    object<RankReport>({
      rank: count("Its number."),
      machine: text("Its machine's name."),
      localRank: count("Its number among those of its machine."),
      device: text("What does the work there."),
      engine: words("The engine.", ["cpu", "gpu"]),
    }),
  ),
  sum: object<GroupReport["sum"]>({
    bytes: count("What was summed."),
    milliseconds: amount("How long it took, at best."),
  }),
  alike: flag("Whether all ranks got the same bits."),
}, "The processes of mpirun or srun: --mpi.");

/** The documents of doctor. */
export const DOCTOR: readonly Document[] = [
  {
    name: "doctor",
    title: "dbksvd doctor --json",
    field: either(examination, plan, group),
  },
];
