import type { GpuDevice } from "../../gpu/device.ts";
import { type Matrix, type MatrixShape, partBytes } from "../../gpu/matrix.ts";
import { allocateSafely, bufferBytes, DeviceMemory } from "../../gpu/memory.ts";
import type { EngineSpec } from "../engine.ts";
import {
  BUFFERS,
  type Row,
  type Shared,
  type Sometimes,
  type Split,
} from "./buffer_table.ts";
import type { GpuLayout } from "./layout.ts";

type Table = typeof BUFFERS;

type Made<R> = R extends Split ? Matrix
  : R extends Shared ? Matrix[]
  : R extends Sometimes ? GPUBuffer | undefined
  : GPUBuffer;

/** Everything an engine keeps on the device, by its name in {@linkcode BUFFERS}, and the memory that it came from. */
export type EngineBuffers =
  & { -readonly [Name in keyof Table]: Made<Table[Name]> }
  & { memory: DeviceMemory };

/** Something that takes device memory, as a plan prints it. */
export interface PlannedBuffer {
  name: string;
  bytes: number;
}

/** What is kept on the device, added up by what it is. */
export function lines(spec: EngineSpec, plan: GpuLayout): PlannedBuffer[] {
  const sums = new Map<string, number>();
  for (const row of Object.values<Row>(BUFFERS)) {
    const bytes = partsOf(row, spec, plan).reduce((sum, b) => sum + b, 0);
    sums.set(row.says, (sums.get(row.says) ?? 0) + bytes);
  }
  return Array.from(sums, ([name, bytes]) => ({ name, bytes }));
}

/** Bytes of all buffers. */
export function needed(spec: EngineSpec, plan: GpuLayout): number {
  return lines(spec, plan).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The first buffer that is larger than a binding may be, matrices being in parts that fit; `undefined` where all fit.
 */
export function tooLarge(
  spec: EngineSpec,
  plan: GpuLayout,
  binding: number,
): PlannedBuffer | undefined {
  for (const row of Object.values<Row>(BUFFERS)) {
    const bytes = Math.max(0, ...partsOf(row, spec, plan));
    if (bytes > binding) return { name: row.says, bytes };
  }
  return undefined;
}

/**
 * Allocates the table.
 *
 * @throws {DbksvdError} `device`, where there is not enough memory
 */
export async function allocate(
  gpu: GpuDevice,
  spec: EngineSpec,
  plan: GpuLayout,
): Promise<EngineBuffers> {
  const memory = new DeviceMemory(gpu);
  try {
    return await allocateSafely(gpu, "the sample batch", () => {
      const made = Object.entries<Row>(BUFFERS).map(([name, row]) => {
        const buffers = partsOf(row, spec, plan)
          .map((bytes) => memory.buffer(bytes));
        return [name, given(row, spec, plan, buffers)];
      });
      return { ...Object.fromEntries(made), memory };
    });
  } catch (error) {
    memory.freeAll();
    throw error;
  }
}

// Bytes of each buffer behind a row of the table, as they are allocated.
function partsOf(row: Row, spec: EngineSpec, plan: GpuLayout): number[] {
  return rawParts(row, spec, plan).map(bufferBytes);
}

function rawParts(row: Row, spec: EngineSpec, plan: GpuLayout): number[] {
  if ("bytes" in row) return [row.bytes(spec, plan)];
  if ("some" in row) {
    const bytes = row.some(spec, plan);
    return bytes === undefined ? [] : [bytes];
  }
  const shapes = "matrix" in row
    ? [row.matrix(spec, plan)]
    : row.matrices(spec, plan);
  const parts = Math.max(0, ...shapes.map((shape) => shape.parts));
  return Array.from(
    { length: parts },
    (_, part) =>
      Math.max(
        ...shapes.map((shape) =>
          part < shape.parts ? partBytes(shape, part) : 0
        ),
      ),
  );
}

function given(
  row: Row,
  spec: EngineSpec,
  plan: GpuLayout,
  buffers: GPUBuffer[],
): GPUBuffer | Matrix | Matrix[] | undefined {
  const own = (shape: MatrixShape): Matrix => ({
    ...shape,
    buffers: buffers.slice(0, shape.parts),
  });
  if ("matrix" in row) return own(row.matrix(spec, plan));
  if ("matrices" in row) return row.matrices(spec, plan).map(own);
  return buffers[0];
}
