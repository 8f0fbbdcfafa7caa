import { writeFileAtomically } from "../files/atomic.ts";
import type { PipelineSettings } from "./config.ts";
import type { Store } from "./database.ts";
import { currentVersion } from "./versions.ts";
import type { Watch } from "./watch.ts";

interface Sample {
  labels?: Record<string, string>;
  value: number | null | undefined;
}

/** Writes the text file that node_exporter's textfile collector reads. A failure is reported and stops nothing. */
export async function writePrometheus(
  store: Store,
  settings: PipelineSettings,
  watch: Watch,
): Promise<void> {
  const text = prometheusText(store, settings.name);
  try {
    await writeFileAtomically(settings.prometheus, [
      new TextEncoder().encode(text),
    ]);
  } catch (error) {
    watch.tell("warn", "prometheus.failed", { reason: String(error) });
  }
}

/** The pipeline's figures in Prometheus' text format. */
function prometheusText(store: Store, pipeline: string): string {
  const lines: string[] = [];
  const add = (
    name: string,
    type: "gauge" | "counter",
    help: string,
    samples: readonly Sample[],
  ) => {
    const known = samples.filter(({ value }) => typeof value === "number");
    if (known.length === 0) return;
    const full = `dbksvd_pipeline_${name}`;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`);
    for (const { labels, value } of known) {
      const all = Object.entries({ pipeline, ...labels })
        .map(([key, text]) => `${key}="${escapeLabel(text)}"`).join(",");
      lines.push(`${full}{${all}} ${value}`);
    }
  };
  const current = currentVersion(store);
  const one = (sql: string): Sample[] => [
    store.one<Sample>(sql, {}) ?? { value: null },
  ];
  add(
    "runs_total",
    "counter",
    "Runs by how they ended",
    store.all<{ ended: string; value: number }>(
      `SELECT coalesce(outcome, state) AS ended, count(*) AS value FROM runs
       GROUP BY 1 ORDER BY 1`,
    ).map(({ ended, value }) => ({ labels: { ended }, value })),
  );
  add(
    "last_run_timestamp_seconds",
    "gauge",
    "End of the last run",
    one("SELECT unixepoch(max(finished)) AS value FROM runs"),
  );
  add(
    "last_success_timestamp_seconds",
    "gauge",
    "End of the last run that did not fail",
    one(
      "SELECT unixepoch(max(finished)) AS value FROM runs WHERE state = 'done'",
    ),
  );
  add(
    "last_run_success",
    "gauge",
    "1 where the last run did not fail",
    one(
      "SELECT state = 'done' AS value FROM runs ORDER BY id DESC LIMIT 1",
    ),
  );
  add(
    "fvu",
    "gauge",
    "Held-out FVU of the current version, when it was promoted",
    [{
      labels: { version: current ?? "" },
      value: store.one<Sample>(
        `SELECT value FROM metrics JOIN versions USING (run)
         WHERE id = :current AND subject = 'candidate' AND scope = 'all'
           AND name = 'fvu'`,
        { current },
      )?.value,
    }],
  );
  add(
    "rows_total",
    "counter",
    "Rows by kind",
    store.all<{ kind: string; value: number }>(
      `SELECT 'new' AS kind, total(new_rows) AS value FROM runs
       UNION ALL SELECT 'held_out', total(held_out_rows) FROM runs
       UNION ALL SELECT 'replayed', total(replayed_rows) FROM runs`,
    ).map(({ kind, value }) => ({ labels: { kind }, value })),
  );
  add(
    "files",
    "gauge",
    "Files in the manifest by state",
    store.all<{ state: string; value: number }>(
      "SELECT state, count(*) AS value FROM files GROUP BY 1 ORDER BY 1",
    ).map(({ state, value }) => ({ labels: { state }, value })),
  );
  add(
    "inputs_missing",
    "gauge",
    "Inputs that the last run could not see, by kind",
    store.all<{ kind: string; value: number }>(
      `SELECT kinds.kind, count(missing.path) AS value
       FROM (SELECT 'unreachable' AS kind UNION SELECT 'nothing') AS kinds
       LEFT JOIN missing ON missing.kind = kinds.kind GROUP BY 1`,
    ).map(({ kind, value }) => ({ labels: { kind }, value })),
  );
  add(
    "pending_rows",
    "gauge",
    "Rows that wait until there are enough to judge by",
    one("SELECT total(rows) AS value FROM pending"),
  );
  add(
    "promotions_total",
    "counter",
    "Versions promoted",
    one(
      "SELECT count(*) AS value FROM promotions WHERE kind = 'promotion'",
    ),
  );
  add(
    "reservoir_rows",
    "gauge",
    "Rows kept for replay",
    one("SELECT count(*) AS value FROM reservoir"),
  );
  add(
    "missed_total",
    "counter",
    "Due times of the schedule at which no run began",
    one(
      "SELECT CAST(value AS INTEGER) AS value FROM facts WHERE name = 'missed'",
    ),
  );
  return `${lines.join("\n")}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}
