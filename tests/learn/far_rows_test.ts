import assert from "node:assert/strict";
import { rowsFromArray } from "../../src/rows/memory.ts";
import { learned, metricsOf, PLANTED, WIDTH } from "./setting.ts";

async function fvuOf(
  model: Parameters<typeof metricsOf>[0],
  data = PLANTED.data,
): Promise<number> {
  return (await metricsOf(model, rowsFromArray(data, WIDTH))).fvu;
}

Deno.test("learn() is not ruined by a few rows of huge norm", async () => {
  const data = PLANTED.data.slice();
  for (const row of [3, 77, 412]) {
    for (let p = 0; p < WIDTH; p++) data[row * WIDTH + p] *= 100;
  }
  const spoilt = rowsFromArray(data, WIDTH);
  const capped = await learned({ passes: 10 }, {}, spoilt);
  const bare = await learned({ passes: 10, normCap: 0 }, {}, spoilt);
  const clean = await learned({ passes: 10 });
  assert.equal(capped.capped, 3);
  assert.equal(clean.capped, 0);
  const [ofCapped, ofBare, ofClean] = await Promise.all(
    [capped, bare, clean].map(({ model }) => fvuOf(model)),
  );
  assert(ofCapped < 1.4 * ofClean, `${ofCapped} beside ${ofClean}`);
  assert(ofCapped < ofBare, `${ofCapped} beside ${ofBare}`);
});

Deno.test("learn() gives ordinary rows the same dictionary beside far ones, however far, and says what these hold", async () => {
  const clean = await learned({ passes: 10 });
  const ofClean = await fvuOf(clean.model);
  for (const [rows, times] of [[[3, 77, 412], 1000], [[5], 1e6]] as const) {
    const data = PLANTED.data.slice();
    for (const row of rows) {
      for (let p = 0; p < WIDTH; p++) data[row * WIDTH + p] += times * (p % 3);
    }
    const notices: string[] = [];
    const onNotice = (notice: string) => void notices.push(notice);
    const source = rowsFromArray(data, WIDTH);
    const { model, capped } = await learned(
      { passes: 10 },
      { onNotice },
      source,
    );
    assert.equal(capped, rows.length);
    const ofModel = await fvuOf(model);
    assert(ofModel < 1.4 * ofClean, `${ofModel} beside ${ofClean}`);
    assert.match(
      notices.join(),
      new RegExp(
        `${rows.length} rows? (is|are) more than 5 times.*--norm-cap.*(99|100)\\.\\d%.*--max-norm-quantile`,
      ),
    );
    const metrics = await metricsOf(model, source);
    assert.equal(metrics.capped_rows, rows.length);
    assert(metrics.capped_variance_share! > 0.99);
    const limit = model.normLimit!;
    const all = await fvuOf(
      model,
      data.map((v, i) => {
        const row = Math.floor(i / WIDTH);
        const at = row * WIDTH;
        const away = Math.hypot(
          ...model.mean.map((m, p) => data[at + p] - m),
        );
        const mean = model.mean[i % WIDTH];
        return away > limit ? mean + (v - mean) * limit / away : v;
      }),
    );
    assert(Math.abs(metrics.fvu_capped! / all - 1) < 1e-3);
  }
});

Deno.test("learn() takes mean and scale to the last bit as they are where no row is beyond the norm cap", async () => {
  const { model } = await learned({ passes: 1 });
  const { model: bare } = await learned({ passes: 1, normCap: 0 });
  assert.deepEqual(model.mean, bare.mean);
  assert.equal(model.scale, bare.scale);
});

Deno.test("learn() gives no atom to rows that lie thousands of times as far as others, in a direction of their own", async () => {
  const width = WIDTH + 1, rows = PLANTED.data.length / WIDTH;
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const own = PLANTED.data.subarray(row * WIDTH, (row + 1) * WIDTH);
    if (row % 30 === 0) data[row * width + WIDTH] = 1e4;
    else data.set(own, row * width);
  }
  const { model } = await learned(
    { passes: 10, init: "gaussian" },
    {},
    rowsFromArray(data, width),
  );
  const along = Array.from(
    { length: model.atoms },
    (_, j) => Math.abs(model.dictionary[j * width + WIDTH]),
  );
  assert(Math.max(...along) < 0.5, `${along}`);
});

Deno.test("learn() draws in no ordinary row that is not centred, however far the mean is from zero", async () => {
  const source = rowsFromArray(PLANTED.data.map((v) => v + 50), WIDTH);
  const { capped, model } = await learned({ center: false }, {}, source);
  assert.equal(capped, 0);
  const length = Math.sqrt(WIDTH) * 50;
  assert(Math.abs(model.normLimit! / (5 * length) - 1) < 0.1);
});

Deno.test("learn() draws in no row where most rows are one, such as a padding of zeros", async () => {
  const clean = await learned({ passes: 10 });
  const rows = 600;
  const data = new Float32Array(3 * rows * WIDTH);
  data.set(PLANTED.data);
  const notices: string[] = [];
  const { capped, model } = await learned(
    { passes: 10, sampleBatch: 450 },
    { onNotice: (notice) => void notices.push(notice) },
    rowsFromArray(data, WIDTH),
  );
  assert.equal(capped, 0);
  assert.deepEqual(notices, []);
  const [padded, bare] = await Promise.all(
    [model, clean.model].map((one) => fvuOf(one)),
  );
  assert(padded < 1.5 * bare, `${padded} beside ${bare}`);
});
