import type { CardReport } from "./card.ts";
import { benchTable } from "./table.ts";
import type { TrainingPhases } from "./types.ts";

/** What the card's cases gave, as text: the targets, the cases, then every stage. */
export function cardTable(report: CardReport): string {
  const { targets, cases, reports, scale } = report;
  const width = Math.max(...targets.map(({ what }) => what.length));
  const heading = scale > 1
    ? `Sizes divided by ${scale}: a trial of the table, nothing that the targets mean`
    : "Targets for one H100 (× is the peer's time over ours)";
  const lines = targets.map(({ what, unit, floor, aim, value, verdict }) => {
    const got = value === null ? "" : `${value.toFixed(2)} ${unit}`;
    return [
      what.padEnd(width),
      got.padStart(14),
      `floor ${floor}`.padStart(10),
      `aim ${aim}`.padStart(8),
      `  ${verdict}`,
    ].join("  ");
  });
  const states = cases.map(({ name, state, seconds, reason }) =>
    [name, state, seconds && `${seconds.toFixed(0)} s`, reason]
      .filter((part) => part).join(", ")
  );
  const phases = Object.entries(reports).flatMap(([name, { stages }]) =>
    stages.flatMap(({ phaseSeconds }) =>
      phaseSeconds ? [phasesText(name, phaseSeconds)] : []
    )
  );
  const tables = Object.entries(reports)
    .map(([name, one]) => `\n${name}: ${benchTable(one)}`);
  return [heading, ...lines, "", ...states, ...phases, ...tables].join("\n");
}

function phasesText(
  name: string,
  { statistics, engine, passes, end }: TrainingPhases,
): string {
  const seconds = (value: number) => value.toFixed(1);
  return `${name}: statistics ${seconds(statistics)} s, engine ${
    seconds(engine)
  } s, passes ${passes.map(seconds).join(", ")} s, end ${seconds(end)} s`;
}
