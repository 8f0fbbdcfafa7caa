/** The same training in plain loops and float64, from the definition: what the threads' kernels are held to. */
export interface Plain {
  encoder: number[][];
  decoder: number[][];
  bias: number[];
}

/** What is trained. */
export interface PlainSpec {
  sparsity: number;
  selection: "row" | "batch";
  levels: readonly number[];
  rate: number;
}

/** Steps of Adam on the mean over rows and levels of ‖y − ŷ‖², decoder rows of unit length after each. */
export function trainPlainly(
  start: Plain,
  batches: readonly number[][][],
  spec: PlainSpec,
): Plain {
  const model = structuredClone(start);
  const vectors = [...model.encoder, ...model.decoder, model.bias];
  const moments = vectors.map((v) => v.map(() => ({ mean: 0, square: 0 })));
  batches.forEach((rows, step) => {
    const gradients = gradientsOf(model, rows, spec);
    vectors.forEach((vector, v) =>
      vector.forEach((_, i) => {
        const m = moments[v][i], g = gradients[v][i];
        m.mean = 0.9 * m.mean + 0.1 * g;
        m.square = 0.999 * m.square + 0.001 * g * g;
        const mean = m.mean / (1 - 0.9 ** (step + 1));
        const square = m.square / (1 - 0.999 ** (step + 1));
        vector[i] -= spec.rate * mean / (Math.sqrt(square) + 1e-8);
      })
    );
    model.decoder.forEach((d) => {
      const length = Math.hypot(...d);
      d.forEach((_, i) => d[i] /= length);
    });
  });
  return model;
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

function gradientsOf(
  { encoder, decoder, bias }: Plain,
  rows: readonly number[][],
  { sparsity, selection, levels }: PlainSpec,
): number[][] {
  const pre = rows.map((y) => encoder.map((e, j) => dot(e, y) + bias[j]));
  const active = activeOf(pre, sparsity, selection);
  const levelCount = 1 + Math.max(...levels);
  const ofEncoder = encoder.map((e) => e.map(() => 0));
  const ofDecoder = decoder.map((d) => d.map(() => 0));
  const ofBias = bias.map(() => 0);
  rows.forEach((y, r) => {
    for (let level = 0; level < levelCount; level++) {
      const used = active[r].filter((j) => levels[j] <= level);
      const rest = y.map((value, d) =>
        value - used.reduce((sum, j) => sum + pre[r][j] * decoder[j][d], 0)
      );
      const factor = -2 / (rows.length * levelCount);
      for (const j of used) {
        const slope = factor * dot(rest, decoder[j]);
        ofBias[j] += slope;
        y.forEach((value, d) => {
          ofEncoder[j][d] += slope * value;
          ofDecoder[j][d] += factor * pre[r][j] * rest[d];
        });
      }
    }
  });
  return [...ofEncoder, ...ofDecoder, ofBias];
}

function activeOf(
  pre: readonly number[][],
  k: number,
  selection: "row" | "batch",
): number[][] {
  const above = (values: readonly number[], count: number) =>
    [...values].sort((a, b) => b - a)[count] ?? 0;
  const floor = selection === "batch" ? above(pre.flat(), k * pre.length) : 0;
  return pre.map((values) => {
    const least = selection === "batch" ? floor : above(values, k);
    return [...values.keys()].filter((j) => values[j] > Math.max(0, least));
  });
}
