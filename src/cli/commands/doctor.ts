import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { StageThroughput } from "../../bench/quick.ts";
import { DbksvdError } from "../../errors.ts";
import type { DeviceProbe } from "../../gpu/probe.ts";
import { describe } from "../command.ts";
import { ExitWith } from "../failure.ts";
import { conductGroup, MPI_OPTION } from "../group_session.ts";
import type { GroupReport } from "../../use/group_doctor.ts";
import type { Io } from "../io.ts";
import { wholeNumbers } from "../options.ts";
import { conduct } from "../session.ts";
import { count, counted, table } from "../../text.ts";

/** `doctor`: what the machine's GPU is, how fast its stages are, and what to mend. */
export function doctorCommand(io: Io): CommandUnknownOpts {
  return describe(
    "doctor",
    "look at the GPU and its driver, time each stage, and say what to mend",
    [
      "dbksvd doctor",
      "dbksvd doctor --json",
      "dbksvd doctor --plan 2304,4096,20,65536",
      "mpirun -n 8 dbksvd doctor --mpi",
    ],
  ).option(
    MPI_OPTION[0],
    "look at the processes that mpirun or srun started instead",
  ).option(
    "--plan <n,m,k,rows>",
    "tell what a training of this size would take on the GPU instead",
    wholeNumbers,
  ).action(({ plan, mpi }, self) =>
    mpi ? examineProcesses(io, self) : conduct(io, self, async ({ print }) => {
      if (plan !== undefined) {
        const planned = await planOf(plan);
        print(planned, () => planned.lines.join("\n"));
        return;
      }
      const probe = await examine();
      print(
        { ...probe, adapter: probe.adapter ?? null },
        () => describeProbe(probe),
      );
      if (probe.stages.length === 0) throw new ExitWith(NO_DEVICE);
    }, { heedsSignals: false })
  ) as unknown as CommandUnknownOpts;
}

async function examineProcesses(
  io: Io,
  command: CommandUnknownOpts,
): Promise<void> {
  await conductGroup(io, command, async ({ print }, group) => {
    const { examineGroup } = await import("../../use/group_doctor.ts");
    const report = await examineGroup(group!, "auto");
    print(report, () => describeGroup(report));
  });
}

function describeGroup({ library, ranks, sum, alike }: GroupReport): string {
  return [
    `${library}, ${counted(ranks.length, "process", "processes")}`,
    table(
      ["Rank", "machine", "there", "engine", "device"],
      ranks.map(({ rank, machine, localRank, engine, device }) => [
        String(rank),
        machine,
        String(localRank),
        engine.toUpperCase(),
        device,
      ]),
    ),
    `A sum of ${(sum.bytes / 1e6).toFixed(1)} MB: ${
      sum.milliseconds.toFixed(0)
    } ms, ${alike ? "the same bits everywhere" : "DIFFERENT bits"}`,
  ].join("\n");
}

/** The exit code where no GPU can be used, not even one in software. */
const NO_DEVICE = 4;

/** A probe with what the stages reached. */
type Examination = DeviceProbe & { stages: StageThroughput[] };

async function examine(): Promise<Examination> {
  const { probeDevice } = await import("../../gpu/probe.ts");
  const { quickThroughput } = await import("../../bench/quick.ts");
  const probe = await probeDevice();
  if (probe.adapter === undefined) return { ...probe, stages: [] };
  try {
    return { ...probe, stages: await quickThroughput() };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const mend = "update the driver, or use --device cpu";
    const problems = [...probe.problems, { what, mend }];
    return { ...probe, ok: false, problems, stages: [] };
  }
}

async function planOf(sizes: number[]) {
  const { planLines, planOnThisMachine } = await import(
    "../../engine/gpu/plan_text.ts"
  );
  const { specOf } = await import("../../bench/spec.ts");
  const [n, m, k, rows] = sizes;
  if (sizes.length !== 4) {
    throw new DbksvdError("usage", `--plan is "${sizes}"`, {
      mend: "it takes four numbers: dimensions, atoms, nonzeros, rows",
    });
  }
  const planned = await planOnThisMachine(
    specOf({ n, m, k, rows }, "omp", "f32"),
  );
  const { form, chunkRows, buffers } = planned.plan;
  const { needed: neededBytes, had: availableBytes } = planned.plan;
  const { adapter } = planned;
  const lines = planLines(planned);
  return {
    ...{ adapter, neededBytes, availableBytes },
    ...{ form, chunkRows, buffers, lines },
  };
}

function describeProbe({ ok, adapter, problems, stages }: Examination): string {
  const engine = ok ? "the GPU engine" : "the CPU engine";
  return [
    ...(adapter === undefined ? [] : adapterLines(adapter)),
    ...(stages.length === 0 ? [] : [stageTable(stages)]),
    ...problems.map(({ what, mend }) => `Problem: ${what}\n  Mend: ${mend}`),
    `--device auto takes ${engine} here`,
  ].join("\n");
}

function stageTable(stages: StageThroughput[]): string {
  return table(
    ["Stage", "ms", "rows/s"],
    stages.map(({ stage, milliseconds, rowsPerSecond }) => [
      stage,
      milliseconds.toFixed(2),
      count(Math.round(rowsPerSecond)),
    ]),
  );
}

function adapterLines(adapter: NonNullable<DeviceProbe["adapter"]>): string[] {
  const yes = (have: boolean) => (have ? "yes" : "no");
  return [
    `Adapter: ${adapter.name}${adapter.software ? " (software)" : ""}`,
    `Subgroups: ${yes(adapter.subgroups)}, timestamps: ${
      yes(adapter.timestamps)
    }`,
    table(
      ["Limit", ""],
      Object.entries(adapter.limits).map(([name, value]) => [
        name,
        count(value),
      ]),
    ),
  ];
}
