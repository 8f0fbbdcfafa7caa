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

/** The product by one of the names that libraries give it; those that end in 64 take integers of 64 bits. */
function product<Int extends "i32" | "i64", Name extends string>(
  int: Int,
  name: Name,
) {
  return {
    name,
    parameters: [
      ...[int, int, int, int, int, int] as const,
      ...["f32", "pointer", int, "pointer", int] as const,
      ...["f32", "pointer", int] as const,
    ],
    result: "void",
    optional: true,
  } as const;
}

const GEMM = {
  plain: product("i32", "cblas_sgemm"),
  prefixed: product("i32", "scipy_cblas_sgemm"),
  plain64: product("i64", "cblas_sgemm64_"),
  prefixed64: product("i64", "scipy_cblas_sgemm64_"),
} as const;

/** Threads that a library may use: one, since ours are many already. What a library does not have is left out. */
function threads<Int extends "i32" | "i64">(int: Int, name: string) {
  return {
    name,
    parameters: [int] as const,
    result: "void",
    optional: true,
  } as const;
}

const OWN_THREADS = {
  openBlas: threads("i32", "openblas_set_num_threads"),
  openBlas64: threads("i32", "openblas_set_num_threads64_"),
  numpys: threads("i32", "scipy_openblas_set_num_threads"),
  numpys64: threads("i32", "scipy_openblas_set_num_threads64_"),
  mkl: threads("i32", "MKL_Set_Num_Threads"),
  blis: threads("i64", "bli_thread_set_num_threads"),
} as const;

/** What a library says of itself. */
const NAMES = {
  config: text("openblas_get_config"),
  config64: text("openblas_get_config64_"),
  numpysConfig: text("scipy_openblas_get_config"),
  numpysConfig64: text("scipy_openblas_get_config64_"),
  core: text("openblas_get_corename"),
  core64: text("openblas_get_corename64_"),
  numpysCore: text("scipy_openblas_get_corename"),
  numpysCore64: text("scipy_openblas_get_corename64_"),
  blis: text("bli_info_get_version_str"),
  mkl: {
    name: "mkl_get_version_string",
    parameters: ["buffer", "i32"],
    result: "void",
    optional: true,
  },
} as const;

function text(name: string) {
  return { name, parameters: [], result: "pointer", optional: true } as const;
}

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
    const symbols = tryOpen(candidate);
    const multiply = symbols && productOf(symbols);
    if (multiply === undefined) continue;
    for (
      const set of Object.keys(OWN_THREADS) as (keyof typeof OWN_THREADS)[]
    ) {
      (symbols![set] as ((count: number | bigint) => void) | null)?.(
        set === "blis" ? 1n : 1,
      );
    }
    const view = new Uint8Array(memory.buffer);
    const base = Deno.UnsafePointer.of(
      view as unknown as Uint8Array<ArrayBuffer>,
    )!;
    const at = (bytes: number) => Deno.UnsafePointer.offset(base, bytes);
    return {
      name: nameOf(symbols!) ?? candidate,
      multiply: (product) => multiply(product, at),
    };
  }
  throw new DbksvdError("device", `--blas found no BLAS (${candidates})`, {
    mend:
      "install OpenBLAS (Debian: libopenblas0), or name one (NumPy has it in numpy.libs): --blas PATH",
  });
}

const SYMBOLS = { ...GEMM, ...OWN_THREADS, ...NAMES } as const;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

function tryOpen(path: string): Symbols | undefined {
  try {
    return Deno.dlopen(path, SYMBOLS).symbols;
  } catch {
    return undefined;
  }
}

type Places = (bytes: number) => Deno.PointerValue;

// The product by whichever name the library has for it.
function productOf(symbols: Symbols) {
  const { plain, prefixed, plain64, prefixed64 } = symbols;
  const call = (plain ?? prefixed ?? plain64 ?? prefixed64) as
    | ((...parameters: unknown[]) => void)
    | null;
  if (call === null) return undefined;
  const wide = (plain ?? prefixed) === null;
  const int = (value: number) => wide ? BigInt(value) : value;
  return ({ rows, columns, depth, ...p }: BlasProduct, at: Places) =>
    call(
      ...[ROW_MAJOR, PLAIN, TRANSPOSED, rows, columns, depth].map(int),
      1,
      at(p.a),
      int(p.aStride),
      at(p.b),
      int(p.bStride),
      0,
      at(p.c),
      int(p.cStride),
    );
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

function nameOf(symbols: Symbols): string | undefined {
  const ask = (...names: (keyof Symbols)[]) => {
    const found = names.map((name) => symbols[name]).find((call) => call);
    const pointer = (found as (() => Deno.PointerValue) | undefined)?.();
    return pointer ? Deno.UnsafePointerView.getCString(pointer) : undefined;
  };
  const config = ask("config", "config64", "numpysConfig", "numpysConfig64");
  if (config !== undefined) {
    const version = /^OpenBLAS \S+/.exec(config)?.[0] ?? "OpenBLAS";
    const core = ask("core", "core64", "numpysCore", "numpysCore64");
    return `${version}, ${core}`;
  }
  const blis = ask("blis");
  if (blis !== undefined) return `BLIS ${blis}`;
  if (symbols.mkl === null) return undefined;
  const room = new Uint8Array(200);
  symbols.mkl(room, room.length);
  return new TextDecoder().decode(room).replace(/\0.*$/s, "").trim();
}
