import { DbksvdError } from "../../errors.ts";
import type { Launched } from "./launcher.ts";

/** Libraries by the interface that they have, in the order in which they are tried. */
const LIBRARIES = {
  linux: {
    openmpi: ["libmpi.so.40"],
    mpich: ["libmpich.so.12", "libmpi.so.12"],
    standard: ["libmpi_abi.so.1", "libmpi_abi.so.0"],
  },
  darwin: {
    openmpi: ["libmpi.40.dylib"],
    mpich: ["libmpi.12.dylib"],
    standard: ["libmpi_abi.1.dylib", "libmpi_abi.0.dylib"],
  },
} as const;

/**
 * MPI_COMM_WORLD and MPI_BYTE of MPICH's interface (Intel MPI, MVAPICH and Cray MPI keep it), and of MPI 5's standard
 * one.
 */
const MPICH = { world: 0x44000000, byte: 0x4c00010d };
const STANDARD = { world: 0x101n, byte: 0x247n };

/** How an MPI library is called. */
export type Interface = "openmpi" | "mpich" | "standard";

/** The libraries to try: the one named, else those that fit the launcher first. */
export function candidates(
  named: string | undefined,
  launched: Launched | undefined,
): readonly string[] {
  if (named !== undefined && named !== "") return [named];
  const known = Deno.build.os === "darwin" ? LIBRARIES.darwin : LIBRARIES.linux;
  const { openmpi, mpich, standard } = known;
  return launched?.library === "mpich"
    ? [...mpich, ...standard, ...openmpi]
    : [...openmpi, ...mpich, ...standard];
}

function symbols<H extends "pointer" | "i32">(handle: H) {
  return {
    MPI_Init_thread: {
      parameters: ["pointer", "pointer", "i32", "buffer"],
      result: "i32",
    },
    MPI_Comm_rank: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Comm_size: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Get_library_version: {
      parameters: ["buffer", "buffer"],
      result: "i32",
    },
    MPI_Get_processor_name: {
      parameters: ["buffer", "buffer"],
      result: "i32",
    },
    MPI_Error_string: {
      parameters: ["i32", "buffer", "buffer"],
      result: "i32",
    },
    MPI_Alltoallv: {
      parameters: [
        "buffer",
        "buffer",
        "buffer",
        handle,
        "buffer",
        "buffer",
        "buffer",
        handle,
        handle,
      ],
      result: "i32",
    },
    MPI_Allgatherv: {
      parameters: [
        "buffer",
        "i32",
        handle,
        "buffer",
        "buffer",
        "buffer",
        handle,
        handle,
      ],
      result: "i32",
    },
    MPI_Bcast: {
      parameters: ["buffer", "i32", handle, "i32", handle],
      result: "i32",
    },
    MPI_Ibarrier: { parameters: [handle, "buffer"], result: "i32" },
    MPI_Test: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
    MPI_Abort: { parameters: [handle, "i32"], result: "i32" },
    MPI_Finalize: { parameters: [], result: "i32" },
  } as const;
}

/** The calls of an MPI library that are used; handles are what {@linkcode MpiLibrary} holds. */
type Calls = {
  [name in keyof ReturnType<typeof symbols>]: (...args: unknown[]) => number;
};

/** An MPI library, ready to be called. */
export interface MpiLibrary {
  path: string;
  interface: Interface;
  call: Calls;
  /** MPI_COMM_WORLD. */
  world: unknown;
  /** MPI_BYTE: bytes are all that is sent. */
  byte: unknown;
}

/**
 * Opens the first library that is there.
 *
 * @throws {DbksvdError} `usage` where none is, telling what was tried
 */
export function openLibrary(paths: readonly string[]): MpiLibrary {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      pin(path);
      return bind(path);
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  throw new DbksvdError("usage", `No MPI library (${failures.join("; ")})`, {
    mend:
      "install Open MPI (openmpi-bin) or MPICH, or name its libmpi in DBKSVD_MPI",
  });
}

// Keeps the library loaded for good: Deno unloads what it opened as it ends, and Open MPI's TCP transport crashes then.
// Global, so that Open MPI's own plug-ins find its symbols.
function pin(path: string): void {
  const darwin = Deno.build.os === "darwin";
  const flags = darwin ? 0x2 | 0x8 | 0x80 : 0x2 | 0x100 | 0x1000;
  const libc = Deno.dlopen(darwin ? "libSystem.B.dylib" : "libc.so.6", {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  });
  libc.symbols.dlopen(new TextEncoder().encode(`${path}\0`), flags);
}

function bind(path: string): MpiLibrary {
  const openMpi = Deno.dlopen(path, {
    ompi_mpi_comm_world: { type: "pointer", optional: true },
    ompi_mpi_byte: { type: "pointer", optional: true },
  }).symbols;
  // A static of type "pointer" is its own address, which is what Open MPI's handles are.
  if (openMpi.ompi_mpi_comm_world !== null) {
    return {
      path,
      interface: "openmpi",
      call: Deno.dlopen(path, symbols("pointer")).symbols as Calls,
      world: openMpi.ompi_mpi_comm_world,
      byte: openMpi.ompi_mpi_byte,
    };
  }
  if (path.includes("mpi_abi")) {
    return {
      path,
      interface: "standard",
      call: Deno.dlopen(path, symbols("pointer")).symbols as Calls,
      world: Deno.UnsafePointer.create(STANDARD.world),
      byte: Deno.UnsafePointer.create(STANDARD.byte),
    };
  }
  const call = Deno.dlopen(path, symbols("i32")).symbols as Calls;
  return { path, interface: "mpich", call, ...MPICH };
}
