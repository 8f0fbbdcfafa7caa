import assert from "node:assert/strict";
import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { DbksvdError } from "../../src/errors.ts";
import { chooseHeldOut } from "../../src/learn/split.ts";
import { recovery } from "../../src/metrics/dictionary.ts";
import { rowsFromArray } from "../../src/rows/memory.ts";
import type { RowSource } from "../../src/rows/source.ts";
import { codingSpec } from "../../src/coding/spec.ts";
import {
  learned,
  metricsOf,
  PLANTED,
  plantedSource,
  watchedEngine,
  WIDTH,
} from "./setting.ts";

const ROWS = PLANTED.data.length / WIDTH;

Deno.test("learn() finds a planted dictionary", async () => {
  const { model } = await learned({
    passes: 40,
    center: false,
    ridge: 0,
  });
  const truth = { dictionary: PLANTED.dictionary, atoms: 24, width: WIDTH };
  const { recovered, mmcs } = await recovery(truth, model);
  assert(recovered >= 0.85, `${recovered} recovered`);
  assert(mmcs > 0.95, `mmcs ${mmcs}`);
});

Deno.test("learn() shows the engine each training row once a pass, held-out rows never", async () => {
  const heldOut = chooseHeldOut(ROWS, 0.1, 0)!;
  const given = new Map<string, number>();
  const key = (row: Float32Array) => row.join();
  await learned({ passes: 3 }, {
    heldOut,
    createEngine: async (spec: EngineSpec) => {
      const engine = await watchedEngine({
        iterate: (rows) => {
          assert("data" in rows);
          for (let i = 0; i < rows.rows; i++) {
            const row = key(rows.data.subarray(i * WIDTH, (i + 1) * WIDTH));
            given.set(row, (given.get(row) ?? 0) + 1);
          }
        },
      })(spec);
      // Nothing is held, so that every pass shows its rows.
      engine.holdRows = () => Promise.resolve(undefined);
      return engine;
    },
  });
  assert.equal(given.size, ROWS - heldOut.size);
  for (let i = 0; i < ROWS; i++) {
    const row = key(PLANTED.data.subarray(i * WIDTH, (i + 1) * WIDTH));
    assert.equal(given.get(row), heldOut.has(i) ? undefined : 3);
  }
});

Deno.test("learn() gives the same bytes for the same seed, others for another", async () => {
  const [one, same, other] = await Promise.all(
    [5, 5, 6].map((seed) => learned({ seed })),
  );
  assert.deepEqual(one.model.dictionary, same.model.dictionary);
  assert.deepEqual(
    one.lines.map((line) => line.updatedFvu),
    same.lines.map((line) => line.updatedFvu),
  );
  assert.notDeepEqual(one.model.dictionary, other.model.dictionary);
});

Deno.test("learn() streams or holds rows to the same end", async () => {
  const held = await learned();
  const streamed = await learned({}, {
    createEngine: async (spec) => {
      const engine = await createReferenceEngine(spec);
      engine.holdRows = () => Promise.resolve(undefined);
      return engine;
    },
  });
  assert.deepEqual(held.model.dictionary, streamed.model.dictionary);
});

Deno.test("learn() asks for no batch before the engine has taken the one before in", async () => {
  const source = plantedSource();
  let asked = 0, taken = 0;
  await learned({ passes: 2 }, {
    createEngine: async (spec) => {
      const engine = await createReferenceEngine(spec);
      const iterate = engine.iterate.bind(engine);
      engine.holdRows = () => Promise.resolve(undefined);
      engine.iterate = async (rows, step) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        assert.equal(asked, ++taken);
        await iterate(rows, step);
      };
      return engine;
    },
  }, {
    ...source,
    async *batches(rows, options) {
      for await (const batch of source.batches(rows, options)) {
        if (options?.shuffleSeed !== undefined) asked++;
        yield batch;
      }
    },
  });
  assert.equal(taken, 8);
});

Deno.test("learn() halves the atom batch from where an update raised the error", async () => {
  const notices: string[] = [];
  let reported = 0;
  const { lines } = await learned({ atomBatch: 24, passes: 6 }, {
    onNotice: (notice) => notices.push(notice),
    createEngine: async (spec) => {
      const engine = await createReferenceEngine(spec);
      const reports = engine.reports.bind(engine);
      // The first decision is about an iteration that went wrong.
      engine.reports = async () =>
        (await reports()).map((report) => ({
          ...report,
          updatedError: reported++ === 1
            ? 1.01 * report.codingError
            : report.updatedError,
        }));
      return engine;
    },
  });
  assert(notices.some((notice) => /atom batch is now 12/.test(notice)));
  assert.deepEqual(
    lines.map((line) => line.atomBatch),
    lines.map((_, i) => i < 4 ? 24 : 12),
  );
});

Deno.test("learn() replaces atoms that no row uses, and counts them", async () => {
  const initial = new Float32Array(24 * WIDTH);
  // All atoms the same: all but one are duplicates, and dead.
  for (let j = 0; j < 24; j++) initial[j * WIDTH] = 1;
  const { model, lines } = await learned({ passes: 20 }, { initial });
  assert(lines.reduce((sum, line) => sum + line.replaced, 0) >= 20);
  assert(Math.min(...model.usage) >= 2);
  const late = lines.filter((line) => line.iteration >= 0.95 * lines.length);
  assert(late.every((line) => line.replaced === 0));
});

Deno.test("learn() leaves every atom in use by a fresh coding of its rows", async () => {
  const { model } = await learned({ passes: 10 });
  const engine: Engine = await createReferenceEngine(codingSpec(model, ROWS));
  await engine.loadDictionary(model.dictionary);
  const codes = await engine.encode({ data: PLANTED.data.slice(), rows: ROWS });
  await engine.close();
  const uses = new Uint32Array(24);
  for (const j of codes.indices) uses[j]++;
  assert(Math.min(...uses) >= 2);
});

Deno.test("learn() is unmoved by scale, mean and constant columns", async () => {
  const width = WIDTH + 1;
  const wider = (change: (value: number) => number) => {
    const data = new Float32Array(ROWS * width);
    for (let i = 0; i < ROWS; i++) {
      for (let p = 0; p < WIDTH; p++) {
        data[i * width + p] = change(PLANTED.data[i * WIDTH + p]);
      }
      data[i * width + WIDTH] = 7;
    }
    return rowsFromArray(data, width);
  };
  const fvuOf = async (source: RowSource) => {
    const { model } = await learned({ passes: 10 }, {}, source);
    const metrics = await metricsOf(model, source);
    return metrics.fvu;
  };
  const plain = await fvuOf(plantedSource());
  const constant = await fvuOf(wider((v) => v));
  const moved = await fvuOf(wider((v) => 1000 * v + 500));
  assert(Math.abs(constant / plain - 1) < 0.25, `${constant} and ${plain}`);
  assert(Math.abs(moved / plain - 1) < 0.25, `${moved} and ${plain}`);
});

Deno.test("learn() goes on where rows repeat", async () => {
  const data = new Float32Array(300 * WIDTH);
  for (let i = 0; i < 300; i++) {
    const from = (i % 10) * WIDTH;
    data.set(PLANTED.data.subarray(from, from + WIDTH), i * WIDTH);
  }
  const { model } = await learned({}, {}, rowsFromArray(data, WIDTH));
  assert(model.dictionary.every(Number.isFinite));
});

Deno.test("learn() trains nested groups whose prefixes are dictionaries", async () => {
  const { model } = await learned({
    matryoshka: [8, 16],
    sparsity: 4,
    passes: 10,
  });
  const metrics = await metricsOf(model);
  assert.deepEqual(metrics.prefixes!.map(({ atoms }) => atoms), [8, 24]);
  const [first, whole] = metrics.prefixes!.map(({ fvu }) => fvu);
  assert(whole < first && first < 1);
  const prefix = {
    ...model,
    atoms: 8,
    dictionary: model.dictionary.slice(0, 8 * WIDTH),
    groups: [8],
    coder: { ...model.coder, sparsity: 2 },
  };
  assert(Math.abs((await metricsOf(prefix)).fvu - first) < 1e-9);
});

Deno.test("learn() refuses parameters that cannot work before it reads a row", async () => {
  const source = {
    ...plantedSource(),
    batches: () => assert.fail("it read rows"),
  };
  for (
    const [changes, message] of [
      [{ sparsity: 25 }, /--sparsity/],
      [{ sparsity: 17, atoms: 40 }, /rows' width \(16\)/],
      [{ passes: 0 }, /--passes/],
      [{ ridge: -1 }, /--ridge/],
      [{ memory: NaN }, /--memory/],
      [{ startSparsity: 4 }, /--start-sparsity/],
      [{ matryoshka: [8, 8] }, /--matryoshka/],
      [{ matryoshka: [6, 6, 6, 6] }, /--sparsity/],
      [{ matryoshka: [24, "rest"] }, /--matryoshka is "24,0"/],
      [{ groupSparsity: [2, 1] }, /--group-sparsity needs --matryoshka/],
      [
        { matryoshka: [8, 16], groupSparsity: [2, 2] },
        /--group-sparsity is "2,2": .* 3 in all/,
      ],
      [{ selectionRidge: -1 }, /--selection-ridge/],
      [
        { matryoshka: [8, 16], groupWeight: 2 },
        /--group-weight needs --coding joint/,
      ],
      [{ coder: "mp", candidates: "positive" }, /--candidates positive is for/],
      [{ refine: 1, selectionRidge: 0.3 }, /cannot go together/],
      [{ refit: true }, /--refit/],
      [{ refine: 1.5 }, /--refine is "1.5": it takes a whole number from 0/],
      [{ refine: 11 }, /--refine/],
      [{ refine: 1, coder: "mp" }, /--refine is for --coder omp/],
      [{ exact: true, atomBatch: 2 }, /--atom-batch/],
    ] as const
  ) {
    await assert.rejects(
      learned(changes, {}, source),
      (error) =>
        error instanceof DbksvdError && error.kind === "usage" &&
        message.test(error.message),
    );
  }
});

Deno.test("learn() stops when its signal fires", async () => {
  const controller = new AbortController();
  await assert.rejects(
    learned({ passes: 100 }, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    }),
    /enough/,
  );
});
