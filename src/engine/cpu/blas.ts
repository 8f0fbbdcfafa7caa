import { DbksvdError } from "../../errors.ts";

/** Names that a BLAS with the C interface may have, in the order in which they are tried. */
const LIBRARIES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: [
    "libopenblas.so.0",
    "libopenblas.so",
    "libmkl_rt.so.2",
    "libmkl_rt.so",
    "libblis.so.4",
  ],
  darwin: [
    "libopenblas.dylib",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
  ],
};

/** CBLAS's words for a row-major product C = A·Bᵀ. */
const ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112;

const GEMM = {
  cblas_sgemm: {
    parameters: [
      ...["i32", "i32", "i32", "i32", "i32", "i32"] as const,
      ...["f32", "pointer", "i32", "pointer", "i32"] as const,
      ...["f32", "pointer", "i32"] as const,
    ],
    result: "void",
  },
} as const;

/** One thread: ours are many already. What a library does not have is left out. */
const OWN_THREADS = {
  openblas_set_num_threads: {
    parameters: ["i32"],
    result: "void",
    optional: true,
  },
  MKL_Set_Num_Threads: { parameters: ["i32"], result: "void", optional: true },
  bli_thread_set_num_threads: {
    parameters: ["i64"],
    result: "void",
    optional: true,
  },
} as const;

/** What a library says of itself. */
const NAMES = {
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_get_corename: { parameters: [], result: "pointer", optional: true },
  mkl_get_version_string: {
    parameters: ["buffer", "i32"],
    result: "void",
    optional: true,
  },
  bli_info_get_version_str: {
    parameters: [],
    result: "pointer",
    optional: true,
  },
} as const;

/** A product's sizes and places: C (rows × columns) = A (rows × depth) · Bᵀ; strides are in floats, places in bytes. */
export interface BlasProduct {
  rows: number;
  columns: number;
  depth: number;
  a: number;
  aStride: number;
  b: number;
  bStride: number;
  c: number;
  cStride: number;
}

/** A native BLAS at work on the engine's memory. */
export interface Blas {
  /** The library, its version and the core that it is written for: what decides its roundings. */
  name: string;
  multiply(product: BlasProduct): void;
}

/**
 * Opens the BLAS that a user named, or the first one that the system has.
 *
 * @param library a file or a name that the system knows; empty for any
 * @param memory what its products work on
 * @throws {DbksvdError} `usage` where native libraries may not be opened; `device` where none can be
 */
export function openBlas(
  library: string,
  memory: WebAssembly.Memory,
): Blas {
  refuseWithoutPermission();
  const candidates = library !== ""
    ? [library]
    : LIBRARIES[Deno.build.os] ?? [];
  for (const candidate of candidates) {
    const opened = tryOpen(candidate);
    if (opened === undefined) continue;
    const { opened: { symbols }, path } = opened;
    symbols.openblas_set_num_threads?.(1);
    symbols.MKL_Set_Num_Threads?.(1);
    symbols.bli_thread_set_num_threads?.(1n);
    const view = new Uint8Array(memory.buffer);
    const base = Deno.UnsafePointer.of(
      view as unknown as Uint8Array<ArrayBuffer>,
    )!;
    const at = (bytes: number) => Deno.UnsafePointer.offset(base, bytes);
    return {
      name: nameOf(symbols) ?? path,
      multiply: ({ rows, columns, depth, ...p }) =>
        symbols.cblas_sgemm(
          ROW_MAJOR,
          PLAIN,
          TRANSPOSED,
          rows,
          columns,
          depth,
          1,
          at(p.a),
          p.aStride,
          at(p.b),
          p.bStride,
          0,
          at(p.c),
          p.cStride,
        ),
    };
  }
  throw new DbksvdError("device", `--blas found no BLAS (${candidates})`, {
    mend:
      "install OpenBLAS (Debian: libopenblas0), or name a library with cblas_sgemm: --blas PATH",
  });
}

type Library = Deno.DynamicLibrary<
  typeof GEMM & typeof OWN_THREADS & typeof NAMES
>;

function tryOpen(
  path: string,
): { path: string; opened: Library } | undefined {
  try {
    const symbols = { ...GEMM, ...OWN_THREADS, ...NAMES };
    return { path, opened: Deno.dlopen(path, symbols) };
  } catch {
    return undefined;
  }
}

function refuseWithoutPermission(): void {
  if (Deno.build.standalone) {
    throw new DbksvdError(
      "usage",
      "The compiled program opens no native libraries: it has no --blas",
      { mend: "run the tool from its sources, with ./dbksvd" },
    );
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") return;
  throw new DbksvdError("usage", "--blas may not open a native library", {
    mend: "run ./dbksvd, or deno with -P=blas (--allow-ffi)",
  });
}

function nameOf(symbols: Library["symbols"]): string | undefined {
  const text = (pointer: Deno.PointerValue | undefined) =>
    pointer ? Deno.UnsafePointerView.getCString(pointer) : undefined;
  const openBlas = text(symbols.openblas_get_config?.());
  if (openBlas !== undefined) {
    const version = /^OpenBLAS \S+/.exec(openBlas)?.[0] ?? "OpenBLAS";
    return `${version}, ${text(symbols.openblas_get_corename?.())}`;
  }
  const blis = text(symbols.bli_info_get_version_str?.());
  if (blis !== undefined) return `BLIS ${blis}`;
  if (symbols.mkl_get_version_string === null) return undefined;
  const room = new Uint8Array(200);
  symbols.mkl_get_version_string?.(room, room.length);
  return new TextDecoder().decode(room).replace(/\0.*$/s, "").trim();
}
