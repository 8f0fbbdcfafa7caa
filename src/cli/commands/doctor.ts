import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { DeviceProbe } from "../../gpu/probe.ts";
import { describe } from "../command.ts";
import type { Io } from "../io.ts";
import { conduct } from "../session.ts";
import { count, table } from "../text.ts";

/** `doctor`: what the machine's GPU is, and what to mend. */
export function doctorCommand(io: Io): CommandUnknownOpts {
  return describe(
    "doctor",
    "look at the GPU and its driver, and say what to mend",
    ["dbksvd doctor", "dbksvd doctor --json"],
  ).action((_flags, self) =>
    conduct(io, self, async ({ print }) => {
      const { probeDevice } = await import("../../gpu/probe.ts");
      const probe = await probeDevice();
      print(probe, () => describeProbe(probe));
    })
  );
}

function describeProbe({ ok, adapter, problems }: DeviceProbe): string {
  const engine = ok ? "the GPU engine" : "the CPU engine";
  return [
    ...(adapter === undefined ? [] : adapterLines(adapter)),
    ...problems.map(({ what, mend }) => `Problem: ${what}\n  Mend: ${mend}`),
    `--device auto takes ${engine} here`,
  ].join("\n");
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
