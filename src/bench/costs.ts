import type { StageName } from "./types.ts";
import type { BenchSize } from "./size.ts";

/** What a stage must do, as the headers of its kernels count it. */
export interface Cost {
  flops: number;
  bytes: number;
}

/**
 * Flops and bytes of one run of a stage; bytes that a cache can serve count all the same where no cache could hold
 * them, and so do Gram rows that an exact OMP leaves unread: it may seem to reach more than a card can.
 */
export function costOf(
  stage: StageName,
  { n, m, k, rows }: BenchSize,
  gramBytes: number,
  refine = 0,
): Cost {
  const codes = rows * k;
  switch (stage) {
    case "correlate":
      return {
        flops: 2 * rows * m * n,
        bytes: 4 * (rows * n + m * n + rows * m),
      };
    case "gram":
      return { flops: 2 * m * m * n, bytes: 4 * (m * n + m * m) };
    case "mp":
      return {
        flops: 2 * m * codes,
        bytes: rows * m * 4 + codes * m * gramBytes,
      };
    case "omp": {
      const gramRows = rows * k * (k + 1) / 2;
      return {
        flops: 2 * m * gramRows,
        bytes: rows * m * 4 + gramRows * m * gramBytes,
      };
    }
    case "refine": {
      const gramRows = rows * k * k * (0.5 + refine);
      return { flops: 2 * m * gramRows, bytes: gramRows * m * 4 };
    }
    case "refit":
      return { flops: rows * k ** 3 / 3, bytes: 2 * rows * k * k };
    case "residual":
      return { flops: 2 * codes * n, bytes: 8 * rows * n + 4 * codes * n };
    case "lists":
      return { flops: 0, bytes: 72 * codes };
    case "update":
      return { flops: 8 * codes * n, bytes: 12 * codes * n };
    default:
      return { flops: 0, bytes: 0 };
  }
}

/** What binds a stage on a card with this many flops a byte, H100-like where the card is not known. */
export function limitOf(
  { flops, bytes }: Cost,
  flopsPerByte = 20,
): "flops" | "bytes" {
  return flops > bytes * flopsPerByte ? "flops" : "bytes";
}
