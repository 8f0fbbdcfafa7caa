/** What rows come to. */
export interface RowSums {
  rows: number;
  /** Mean row, float64. */
  mean: Float64Array;
  /** mean ‖y − mean‖². */
  spread: number;
  /** mean ‖y‖². */
  energy: number;
  /** No row that was seen is further from the mean; Infinity where that is not known. */
  reach: number;
  /** As far as no row that was seen is from a point, rounded up. */
  reachFrom(point: Float32Array): number;
}

/** Sums over rows from the first of them on: what is far from zero loses no digits. */
export class ShiftedSums {
  /** Rows added. */
  rows = 0;
  readonly #width: number;
  readonly #origin: Float64Array;
  readonly #sum: Float64Array;
  #squares = 0;
  /** The greatest square distance of a row from the origin. */
  #farthest = 0;

  constructor(width: number) {
    this.#width = width;
    this.#origin = new Float64Array(width);
    this.#sum = new Float64Array(width);
  }

  /** Adds rows × width values. */
  add(data: Float32Array, rows: number): void {
    const width = this.#width;
    if (rows === 0) return;
    if (this.rows === 0) this.#origin.set(data.subarray(0, width));
    let i = 0;
    for (; i + 4 <= rows; i += 4) this.#addFour(data, i * width);
    for (; i < rows; i++) this.#addOne(data, i * width);
    this.rows += rows;
  }

  // Four rows share what is read and written of the sums, and their squares do not wait for each other.
  #addFour(data: Float32Array, first: number): void {
    const width = this.#width, origin = this.#origin, sum = this.#sum;
    const second = first + width, third = second + width;
    const fourth = third + width;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let p = 0; p < width; p++) {
      const from = origin[p];
      const a = data[first + p] - from, b = data[second + p] - from;
      const c = data[third + p] - from, d = data[fourth + p] - from;
      sum[p] += (a + b) + (c + d);
      s0 += a * a;
      s1 += b * b;
      s2 += c * c;
      s3 += d * d;
    }
    this.#squares += (s0 + s1) + (s2 + s3);
    this.#farthest = Math.max(this.#farthest, s0, s1, s2, s3);
  }

  #addOne(data: Float32Array, first: number): void {
    const origin = this.#origin, sum = this.#sum;
    let squares = 0;
    for (let p = 0; p < this.#width; p++) {
      const value = data[first + p] - origin[p];
      sum[p] += value;
      squares += value * value;
    }
    this.#squares += squares;
    this.#farthest = Math.max(this.#farthest, squares);
  }

  /** What the rows so far come to. */
  result(): RowSums {
    const count = Math.max(1, this.rows);
    let shift = 0, length = 0;
    const mean = this.#sum.map((value, p) => {
      const offset = value / count;
      shift += offset * offset;
      length += (this.#origin[p] + offset) ** 2;
      return this.#origin[p] + offset;
    });
    const spread = Math.max(0, this.#squares / count - shift);
    const farthest = Math.sqrt(this.#farthest), origin = this.#origin;
    // From a row by way of the origin, rounded up.
    const reachFrom = (point: Float32Array) => {
      let square = 0;
      for (let p = 0; p < origin.length; p++) {
        square += (origin[p] - point[p]) ** 2;
      }
      return (farthest + Math.sqrt(square)) * (1 + 1e-6);
    };
    const reach = (farthest + Math.sqrt(shift)) * (1 + 1e-6);
    const energy = spread + length;
    return { rows: this.rows, mean, spread, energy, reach, reachFrom };
  }
}
