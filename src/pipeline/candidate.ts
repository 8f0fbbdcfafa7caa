import type { Candidate } from "./candidate_record.ts";
import type { DictionaryModel } from "../model/model.ts";
import { loadModel } from "../model/directory.ts";
import { randomStream } from "../random.ts";
import { train, type TrainResult } from "../use/train.ts";
import { type Admission, openInputs } from "./admit.ts";
import {
  type DropScores,
  type EvaluationPart,
  heldOutParts,
  scoreByDrop,
} from "./evaluate.ts";
import { calibrationInWords } from "../model/coder.ts";
import type { TakenFile } from "./drop_rows.ts";
import { fixedParts } from "./fixed_parts.ts";
import { heldOutRowsOf, joinRowSets } from "./held_out.ts";
import { shareNonzeros } from "../use/share_nonzeros.ts";
import { averaged } from "./average.ts";
import {
  type MixedPart,
  type MixedSource,
  mixSources,
} from "./mixed_source.ts";
import { rowsFile, versionFolder, versionId } from "./places.ts";
import { pendingParts } from "./pending.ts";
import { judge, type Verdict } from "./promotion.ts";
import { refreshAtoms } from "./refresh.ts";
import { replayPart } from "./replay.ts";
import type { RunContext } from "./context.ts";
import { storedRows } from "./stored_rows.ts";
import { namesFor } from "./names.ts";
import { writeExports, writeVersion } from "./write_version.ts";
import { currentVersion, driftOf, freeze } from "./versions.ts";

/** Trains on the new rows and on replayed ones, measures the result beside the current version, and writes it down. */
export async function makeCandidate(
  context: RunContext,
  admission: Admission,
): Promise<Candidate> {
  const { watch, store, places, run } = context;
  const parent = currentVersion(store);
  const before = parent === undefined
    ? undefined
    : (await loadModel(versionFolder(places, parent))).model;
  const { source, seed, replayedRows } = await mixture(context, admission);
  try {
    const attempts = await watch.stage(
      "train",
      () => trainOn(context, source, seed, before),
    );
    const { best, scores, current } = await watch.stage(
      "evaluate",
      () => evaluateAll(context, admission, attempts, before),
    );
    const { model: learned } = best.result;
    const labels = await namesFor(
      places,
      currentVersion(context.store),
      learned,
    );
    const model = labels === undefined ? learned : { ...learned, labels };
    const done: Candidate = {
      version: versionId(run),
      parent,
      verdict: verdictOf(context, admission, scores, current),
      candidate: scores,
      current,
      drift: before && driftOf(model, before, best.replaced),
      replayedRows,
      rowVisits: attempts.reduce(
        (sum, { result }) => sum + (result.metrics.at(-1)?.rowsSeen ?? 0),
        0,
      ),
    };
    await watch.stage("write", async () => {
      await writeVersion(context, admission, done, { ...best.result, model });
      if (done.verdict.promote) {
        await writeExports(context, done, model, source);
      }
      await freeze(versionFolder(places, done.version));
    });
    return done;
  } finally {
    await source.close();
  }
}

// Rows that someone has released from quarantine are not put there again.
function verdictOf(
  { store, settings }: RunContext,
  { taken, earlier }: Admission,
  scores: DropScores,
  current: DropScores | undefined,
): Verdict {
  const verdict = judge(
    scores,
    current,
    settings.train.atoms,
    settings.promotion,
  );
  const files = [...taken.map(({ input }) => input), ...earlier];
  const isTrusted = files.some(({ checksum }) =>
    store.one("SELECT 1 FROM trusted WHERE checksum = :checksum", { checksum })
  );
  return isTrusted ? { ...verdict, quarantine: false } : verdict;
}

/** One training, and the atoms that it began anew. */
interface Attempt {
  result: TrainResult;
  replaced: number[];
}

/** The new rows and a sample of the old ones, and the seed of all that is random in this version. */
async function mixture(context: RunContext, admission: Admission) {
  const { versions } = context.store.one<{ versions: number }>(
    "SELECT count(*) AS versions FROM versions",
  )!;
  // The run's number would not do: a repeated run has another one, and must come to the same dictionary.
  const seed = randomStream(context.settings.train.seed, "version", versions)
    .integer(2 ** 32);
  const parts: MixedPart[] = [
    ...await newParts(context, admission),
    ...pendingParts(admission.earlier, context.places, admission.width),
  ];
  const replay = replayPart(context, admission, seed);
  if (replay !== undefined) parts.push(replay);
  return { source: mixSources(parts), seed, replayedRows: replay?.rows ?? 0 };
}

// Beside the dictionary as it stands, one is tried whose weak atoms are begun anew, where it has any: early on that is
// worth a great deal, later a near-duplicate may be there for a reason. The held-out rows tell.
async function trainOn(
  context: RunContext,
  source: MixedSource,
  seed: number,
  before: DictionaryModel | undefined,
): Promise<Attempt[]> {
  const { settings, signal, createEngine } = context;
  if (before === undefined) {
    const result = await trainOnce(context, source, seed);
    return [{ result, replaced: [] }];
  }
  const { minUses } = settings.train;
  const refreshed = await refreshAtoms(before, source, {
    minUses,
    createEngine,
    signal,
  });
  const starts = [{ dictionary: before.dictionary, replaced: [] as number[] }];
  if (refreshed.replaced.length > 0) starts.push(refreshed);
  const attempts: Attempt[] = [];
  for (const { dictionary, replaced } of starts) {
    const result = await trainOnce(context, source, seed, dictionary);
    result.model = averaged(result.model, before, replaced);
    await recalibrate(context, source, seed, result);
    attempts.push({ result, replaced });
  }
  return attempts;
}

// The threshold by which rows share their nonzeros was that of the dictionary before it was averaged.
async function recalibrate(
  { createEngine, signal, watch }: RunContext,
  source: MixedSource,
  seed: number,
  result: TrainResult,
): Promise<void> {
  const { maxSparsity } = result.model.coder;
  if (maxSparsity === undefined) return;
  const { model, threshold, l0, rows } = await shareNonzeros(
    result.model,
    source,
    { maxSparsity, seed, createEngine, signal },
  );
  result.model = model;
  const calibration = { threshold, l0, on: "training" as const, rows };
  result.config.calibration = calibration;
  const notice =
    `Averaged with the version before, rows share their nonzeros: ${
      calibrationInWords(calibration)
    }`;
  watch.tell("info", "train.notice", { notice });
}

function trainOnce(
  { settings, createEngine, signal, watch }: RunContext,
  source: MixedSource,
  seed: number,
  initial?: Float32Array,
): Promise<TrainResult> {
  const { train: parameters, device, threads } = settings;
  // Growing sparsity is for finding atoms; those that are there already must not be torn from their rows again.
  const startSparsity = initial === undefined
    ? parameters.startSparsity
    : parameters.sparsity;
  return train(source, { ...parameters, seed, startSparsity }, {
    initial,
    // What its atoms are trained on by after the passes is none of these engines.
    ...{ createEngine, device, threads },
    signal,
    onProgress: (lines) => {
      const last = lines.at(-1);
      if (last !== undefined) {
        const { iteration, codingFvu } = last;
        watch.tell("debug", "train.progress", { iteration, codingFvu });
      }
    },
    onNotice: (notice) => watch.tell("info", "train.notice", { notice }),
  });
}

// Files of this machine are read again; rows of others were put by.
async function newParts(
  context: RunContext,
  { taken, width, column, kept }: Admission,
): Promise<MixedPart[]> {
  const parts: MixedPart[] = [];
  const local = taken.filter((file) => file.kept === undefined);
  const localRows = trainRows(local);
  if (localRows > 0) {
    const heldOut = local.map(({ input, fileRows }) => ({
      rows: fileRows,
      set: heldOutRowsOf(input, fileRows, context.settings),
    }));
    parts.push({
      source: await openInputs(local.map(({ input }) => input), {
        ...context,
        column,
      }),
      except: joinRowSets(heldOut),
      rows: localRows,
    });
  }
  const rows = trainRows(taken) - localRows;
  if (rows > 0) parts.push({ source: storedRows(kept, width, rows), rows });
  return parts;
}

function trainRows(files: readonly TakenFile[]): number {
  return files.reduce((sum, { rows, heldOut }) => sum + rows - heldOut, 0);
}

async function evaluateAll(
  context: RunContext,
  admission: Admission,
  attempts: readonly Attempt[],
  before: DictionaryModel | undefined,
): Promise<
  { best: Attempt; scores: DropScores; current?: DropScores | undefined }
> {
  const { store, places, run, createEngine, signal } = context;
  const { width, column, element, heldOutRows, superseded } = admission;
  const fixed = await fixedParts({ ...context, column, element }, width);
  const parts: EvaluationPart[] = [
    ...heldOutParts(store, places, width, superseded),
    {
      scope: `drop:${run}`,
      source: storedRows(rowsFile(places.heldOut, run), width, heldOutRows),
      quarantined: false,
      fresh: true,
    },
    ...fixed,
  ];
  try {
    const options = { createEngine, signal };
    let best = attempts[0];
    let scores = await scoreByDrop(best.result.model, parts, options);
    for (const attempt of attempts.slice(1)) {
      const others = await scoreByDrop(attempt.result.model, parts, options);
      if (!(others.all.fvu < scores.all.fvu)) continue;
      best = attempt;
      scores = others;
    }
    const current = before && await scoreByDrop(before, parts, options);
    return { best, scores, current };
  } finally {
    for (const { source } of fixed) await source.close();
  }
}
