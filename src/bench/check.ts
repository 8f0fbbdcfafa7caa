import { atomLists } from "../engine/reference/lists.ts";
import { dot } from "../engine/reference/products.ts";
import { Pursuit } from "../engine/reference/pursuit.ts";
import { EMPTY_SLOT } from "../engine/engine.ts";
import { codingRuns } from "../engine/gpu/stages/runs.ts";
import { downloadDictionary } from "../engine/gpu/dictionary.ts";
import { listWords } from "../engine/gpu/layout.ts";
import { differsByTies } from "./check_ties.ts";
import { checkLargeCodes } from "./check_large.ts";
import { readCodes, readMatrixRows, readRanges } from "./read_session.ts";
import { reset, sessionStages, type StageSession } from "./session.ts";
import type { StageName } from "./types.ts";

/** How far a stage was off. */
export interface StageCheck {
  maxRelativeError: number;
  supportAgreement?: number;
}

/** Rows and atoms that are checked. */
const SAMPLE = 32;

/** The pursuit is held to the oracle where its Gram can be brought to the host. */
const MOST_GRAM_BYTES = 1.1e9;

/** Atoms whose update is recomputed use at most this many rows. */
const MOST_USES = 512;

/** Checks by stage. */
export type Checks = Partial<Record<StageName, StageCheck>>;

/**
 * Runs every stage once from the beginning, and holds what it did to float64 on a sample of rows and atoms.
 *
 * @param session the problem on the device
 * @param instead what runs in the place of a session's own stages
 */
export async function checkStages(
  session: StageSession,
  instead: Partial<Record<StageName, () => void>> = {},
): Promise<Checks> {
  reset(session);
  const checks: Checks = {};
  const stages = sessionStages(session);
  const rows = sampleOf(codingRuns(session.context, session.rows)[0].rows);
  for (const { stage, run } of stages) {
    const before = stage === "update" ? await beforeUpdate(session) : undefined;
    (instead[stage] ?? run)();
    session.context.runner.submit();
    if (stage === "gram") checks.gram = await checkGram(session);
    else if (stage === "correlate") {
      checks.correlate = await checkCorrelations(session, rows);
    } else if (isCoding(stage)) {
      const check = await checkCodes(session, rows, stage);
      if (check !== undefined) checks[stage] = check;
    } else if (stage === "lists") checks.lists = await checkLists(session);
    else if (stage === "update") {
      checks.update = await checkUpdate(session, before!);
      checks.residual = await checkResidual(session);
    }
  }
  return checks;
}

type Coding = "mp" | "omp" | "refine" | "refit";

function isCoding(stage: StageName): stage is Coding {
  return ["mp", "omp", "refine", "refit"].includes(stage);
}

/** Spread over 0 … count − 1. */
function sampleOf(count: number): number[] {
  const wanted = Math.min(SAMPLE, count);
  return Array.from(
    { length: wanted },
    (_, i) => Math.floor(i * count / wanted),
  );
}

async function checkGram(session: StageSession): Promise<StageCheck> {
  const { context, dictionary } = session;
  const { atoms: m, width: n } = context.spec;
  const sample = sampleOf(m);
  const rows = await readMatrixRows(session, context.buffers.grams[0], sample);
  let most = 0;
  sample.forEach((i, s) => {
    for (let j = 0; j < m; j++) {
      const exact = dot(dictionary, i * n, dictionary, j * n, n);
      most = Math.max(most, Math.abs(rows[s][j] - exact));
    }
  });
  return { maxRelativeError: most };
}

async function checkCorrelations(
  session: StageSession,
  sample: number[],
): Promise<StageCheck> {
  const { context, data, dictionary } = session;
  const { atoms: m, width: n } = context.spec;
  const stride = context.plan.groups[0].layout.stride * 4;
  const parts = await readRanges(
    session,
    sample.map((row) => ({
      buffer: context.buffers.correlations,
      offset: 4 * row * stride,
      bytes: 4 * stride,
    })),
  );
  let most = 0;
  sample.forEach((row, s) => {
    const got = new Float32Array(parts[s]);
    const size = Math.sqrt(dot(data, row * n, data, row * n, n)) || 1;
    for (let j = 0; j < m; j++) {
      const exact = dot(data, row * n, dictionary, j * n, n);
      most = Math.max(most, Math.abs(got[j] - exact) / size);
    }
  });
  return { maxRelativeError: most };
}

// Rows beyond the first run of correlations are coded alike, so the first run's speak for them.
async function checkCodes(
  session: StageSession,
  sample: number[],
  stage: Coding,
): Promise<StageCheck | undefined> {
  const { context, data, dictionary, ridge } = session;
  const { atoms: m, width: n, coder } = context.spec, k = coder.sparsity;
  if (4 * m * m > MOST_GRAM_BYTES) {
    if (stage !== "omp") return undefined;
    const codes = await readCodes(session);
    return checkLargeCodes({ data, dictionary, n, m, k, ...codes }, sample);
  }
  const whole = Array.from({ length: m }, (_, j) => j);
  const gram = new Float32Array(m * m);
  (await readMatrixRows(session, context.buffers.grams[0], whole))
    .forEach((row, j) => gram.set(row.subarray(0, m), j * m));
  const pursuit = new Pursuit(gram, m, {
    ...coder,
    method: coder.method === "mp" ? "mp" : "omp",
    ridge: stage === "refit" ? ridge : 0,
    refit: stage === "refit" && coder.refit,
    refine: stage === "omp" ? 0 : coder.refine,
  });
  const { indices, values } = await readCodes(session);
  const a = new Float32Array(m), at = new Uint32Array(k);
  const x = new Float32Array(k);
  let same = 0, most = 0;
  for (const row of sample) {
    for (let j = 0; j < m; j++) {
      a[j] = dot(data, row * n, dictionary, j * n, n);
    }
    const energy = dot(data, row * n, data, row * n, n);
    pursuit.run(a, energy, coder.tolerance ** 2 * energy, at, x);
    const got = indices.subarray(row * k, (row + 1) * k);
    if (!at.every((atom, s) => atom === got[s])) {
      const found = [...got].filter((atom) => atom !== EMPTY_SLOT);
      const y = data.subarray(row * n, (row + 1) * n);
      if (
        stage === coder.method &&
        differsByTies({ row: y, dictionary, method: stage, found })
      ) same++;
      continue;
    }
    same++;
    // Refined supports wait for their coefficients.
    if (stage === "refine") continue;
    const size = Math.hypot(...x) || 1;
    x.forEach((value, s) => {
      const off = Math.abs(values[row * k + s] - value) / size;
      most = Math.max(most, off);
    });
  }
  return { maxRelativeError: most, supportAgreement: same / sample.length };
}

async function checkLists(session: StageSession): Promise<StageCheck> {
  const { context, order } = session, { buffers, spec } = context;
  const { indices } = await readCodes(session);
  const exact = atomLists(indices, spec.atoms);
  const used = exact.slots.length;
  const { entriesAt, words } = listWords(spec.atoms, used);
  const [starts] = await readRanges(session, [
    { buffer: buffers.atomLists, offset: 0, bytes: 4 * words },
  ]).then((parts) => parts.map((part) => new Uint32Array(part)));
  const lists = starts.subarray(entriesAt);
  const right = order.every((atom, turn) => {
    const own = exact.slots.subarray(
      exact.starts[atom],
      exact.starts[atom + 1],
    );
    return starts[turn + 1] - starts[turn] === own.length &&
      own.every((slot, i) => lists[starts[turn] + i] === slot);
  });
  return { maxRelativeError: right ? 0 : 1 };
}

interface BeforeUpdate {
  atoms: {
    atom: number;
    /** d' in float64. */
    direction: Float64Array;
  }[];
}

// The atoms of the first batch see the residual as it is now: their new direction can be worked out ahead.
async function beforeUpdate(session: StageSession): Promise<BeforeUpdate> {
  const { context, order, atomBatch, dictionary } = session;
  const { width: n, coder } = context.spec, k = coder.sparsity;
  const { indices, values } = await readCodes(session);
  const lists = atomLists(indices, context.spec.atoms);
  const usesOf = (atom: number) =>
    lists.slots.subarray(lists.starts[atom], lists.starts[atom + 1]);
  const chosen = [...order.subarray(0, atomBatch)].filter((atom) => {
    const { length } = usesOf(atom);
    return length > 0 && length <= MOST_USES;
  }).slice(0, 4);
  const atoms = [];
  for (const atom of chosen) {
    const uses = usesOf(atom);
    const rows = await readMatrixRows(
      session,
      context.buffers.rows,
      [...uses].map((slot) => Math.floor(slot / k)),
    );
    const v = new Float64Array(n);
    uses.forEach((slot, u) => {
      const x = values[slot];
      for (let p = 0; p < n; p++) {
        v[p] += x * (rows[u][p] + x * dictionary[atom * n + p]);
      }
    });
    const norm = Math.sqrt(dot(v, 0, v, 0, n));
    atoms.push({ atom, direction: v.map((value) => value / norm) });
  }
  return { atoms };
}

async function checkUpdate(
  session: StageSession,
  { atoms }: BeforeUpdate,
): Promise<StageCheck> {
  const n = session.context.spec.width;
  const made = await readMatrixRows(
    session,
    session.context.buffers.dictionary,
    atoms.map(({ atom }) => atom),
  );
  let most = 0;
  atoms.forEach(({ direction }, i) => {
    for (let p = 0; p < n; p++) {
      most = Math.max(most, Math.abs(made[i][p] - direction[p]));
    }
  });
  return { maxRelativeError: most };
}

// After residual and update, R must still be Y − X·D.
async function checkResidual(session: StageSession): Promise<StageCheck> {
  const { context, data } = session;
  const { width: n, coder } = context.spec, k = coder.sparsity;
  const sample = sampleOf(session.rows);
  const rows = await readMatrixRows(session, context.buffers.rows, sample);
  const { indices, values } = await readCodes(session);
  const dictionary = await downloadDictionary(context);
  let most = 0;
  sample.forEach((row, s) => {
    const left = Float64Array.from(data.subarray(row * n, (row + 1) * n));
    const size = Math.sqrt(dot(left, 0, left, 0, n)) || 1;
    for (let e = row * k; e < (row + 1) * k; e++) {
      if (indices[e] === EMPTY_SLOT) break;
      const atom = indices[e] * n;
      for (let p = 0; p < n; p++) left[p] -= values[e] * dictionary[atom + p];
    }
    for (let p = 0; p < n; p++) {
      most = Math.max(most, Math.abs(rows[s][p] - left[p]) / size);
    }
  });
  return { maxRelativeError: most };
}
