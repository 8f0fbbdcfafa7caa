/**
 * Rebuilds rows with an exported autoencoder, written from the formats' documentation and nothing of this project: what
 * another tool would compute. `read_sae.py` is the same in Python.
 */

type Matrix = number[][];
type Tensors = Record<string, { shape: number[]; data: number[] }>;

/** Rows rebuilt by the exported model in `directory`. */
export async function rebuild(
  format: string,
  directory: string,
  rows: Matrix,
): Promise<Matrix> {
  const read = READERS[format];
  const model = await read(directory);
  return rows.map((row) => {
    const input = model.centred ? minus(row, model.bias) : row;
    const acts = model.encode(input);
    return row.map((_, d) =>
      model.bias[d] +
      acts.reduce((sum, a, j) => sum + a * model.decoder[j][d], 0)
    );
  });
}

interface Model {
  decoder: Matrix;
  bias: number[];
  centred: boolean;
  encode(input: number[]): number[];
}

const READERS: Record<string, (directory: string) => Promise<Model>> = {
  "saelens-mp": saeLens,
  "saelens-topk": saeLens,
  "saelens-jumprelu": saeLens,
  "sparsify": async (directory) => {
    const { k } = await json(`${directory}/cfg.json`);
    const t = await safetensors(`${directory}/sae.safetensors`);
    const encoder = matrix(t["encoder.weight"]);
    return {
      decoder: matrix(t.W_dec),
      bias: t.b_dec.data,
      centred: true,
      encode: (x) => topk(linear(x, encoder, t["encoder.bias"].data), k),
    };
  },
  "dictionary-learning": async (directory) => {
    const t = await safetensors(`${directory}/ae.safetensors`);
    const encoder = matrix(t["encoder.weight"]);
    return {
      decoder: flip(matrix(t["decoder.weight"])),
      bias: t.b_dec.data,
      centred: true,
      encode: (x) =>
        topk(linear(x, encoder, t["encoder.bias"].data), t.k.data[0]),
    };
  },
  "dictionary-learning-batchtopk": async (directory) => {
    const t = await safetensors(`${directory}/ae.safetensors`);
    const encoder = matrix(t["encoder.weight"]);
    const threshold = encoder.map(() => t.threshold.data[0]);
    return {
      decoder: flip(matrix(t["decoder.weight"])),
      bias: t.b_dec.data,
      centred: true,
      encode: (x) =>
        above(linear(x, encoder, t["encoder.bias"].data), threshold),
    };
  },
  "dictionary-learning-matryoshka": async (directory) => {
    const t = await safetensors(`${directory}/ae.safetensors`);
    const encoder = flip(matrix(t.W_enc));
    const threshold = encoder.map(() => t.threshold.data[0]);
    return {
      decoder: matrix(t.W_dec),
      bias: t.b_dec.data,
      centred: true,
      encode: (x) => above(linear(x, encoder, t.b_enc.data), threshold),
    };
  },
  "gemma-scope": async (directory) => {
    const t = npz(await Deno.readFile(`${directory}/params.npz`));
    const encoder = flip(matrix(t.W_enc));
    return {
      decoder: matrix(t.W_dec),
      bias: t.b_dec.data,
      centred: false,
      encode: (x) => above(linear(x, encoder, t.b_enc.data), t.threshold.data),
    };
  },
};

async function saeLens(directory: string): Promise<Model> {
  const cfg = await json(`${directory}/cfg.json`);
  const t = await safetensors(`${directory}/sae_weights.safetensors`);
  const decoder = matrix(t.W_dec);
  const encoder = t.W_enc && flip(matrix(t.W_enc));
  return {
    decoder,
    bias: t.b_dec.data,
    centred: cfg.apply_b_dec_to_input,
    encode: (x) => {
      if (cfg.architecture === "matching_pursuit") {
        return pursuit(x, decoder, cfg.max_iterations);
      }
      const pre = linear(x, encoder, t.b_enc.data);
      return cfg.architecture === "topk"
        ? topk(pre, cfg.k)
        : above(pre, t.threshold.data);
    },
  };
}

function pursuit(x: number[], decoder: Matrix, steps: number): number[] {
  const acts = decoder.map(() => 0);
  let residual = x;
  for (let step = 0; step < steps; step++) {
    const scores = linear(residual, decoder);
    const best = scores.indexOf(Math.max(...scores));
    const value = Math.max(0, scores[best]);
    acts[best] += value;
    residual = residual.map((r, d) => r - value * decoder[best][d]);
  }
  return acts;
}

function topk(pre: number[], k: number): number[] {
  const kept = new Set(
    [...pre.keys()].sort((a, b) => pre[b] - pre[a]).slice(0, k),
  );
  return pre.map((p, j) => kept.has(j) ? Math.max(0, p) : 0);
}

function above(pre: number[], threshold: number[]): number[] {
  return pre.map((p, j) => p > Math.max(0, threshold[j]) ? p : 0);
}

function linear(x: number[], rows: Matrix, bias?: number[]): number[] {
  return rows.map((row, j) =>
    row.reduce((sum, w, d) => sum + w * x[d], bias?.[j] ?? 0)
  );
}

function minus(a: number[], b: number[]): number[] {
  return a.map((value, d) => value - b[d]);
}

function flip(rows: Matrix): Matrix {
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

function matrix({ shape, data }: { shape: number[]; data: number[] }): Matrix {
  const [rows, columns] = shape;
  return Array.from(
    { length: rows },
    (_, r) => data.slice(r * columns, (r + 1) * columns),
  );
}

async function json(path: string) {
  return JSON.parse(await Deno.readTextFile(path));
}

async function safetensors(path: string): Promise<Tensors> {
  const { buffer } = await Deno.readFile(path);
  const view = new DataView(buffer);
  const size = Number(view.getBigUint64(0, true));
  const header = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 8, size)),
  );
  const tensors: Tensors = {};
  for (const [name, entry] of Object.entries<Entry>(header)) {
    const [from, to] = entry.data_offsets;
    const data = Array.from({ length: (to - from) / 4 }, (_, i) => {
      const at = 8 + size + from + 4 * i;
      return entry.dtype === "I32"
        ? view.getInt32(at, true)
        : view.getFloat32(at, true);
    });
    tensors[name] = { shape: entry.shape, data };
  }
  return tensors;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

// Stored members only, from their local headers.
function npz(bytes: Uint8Array<ArrayBuffer>): Tensors {
  const view = new DataView(bytes.buffer);
  const tensors: Tensors = {};
  for (let at = 0; view.getUint32(at, true) === 0x04034b50;) {
    const size = view.getUint32(at + 18, true);
    const nameLength = view.getUint16(at + 26, true);
    const start = at + 30 + nameLength + view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(
      bytes.subarray(at + 30, at + 30 + nameLength),
    );
    const headerLength = view.getUint16(start + 8, true);
    const header = new TextDecoder().decode(
      bytes.subarray(start + 10, start + 10 + headerLength),
    );
    const shape = /\(([\d, ]*)\)/.exec(header)![1].split(",")
      .filter((part) => part.trim() !== "").map(Number);
    const first = start + 10 + headerLength;
    const data = Array.from(
      { length: (start + size - first) / 4 },
      (_, i) => view.getFloat32(first + 4 * i, true),
    );
    tensors[name.replace(".npy", "")] = { shape, data };
    at = start + size;
  }
  return tensors;
}
