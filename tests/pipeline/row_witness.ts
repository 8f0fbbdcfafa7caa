import { createReferenceEngine } from "../../src/engine/reference.ts";
import type { Engine, EngineSpec } from "../../src/engine/engine.ts";
import { openRows } from "../../src/rows/open.ts";

/** Notes which rows the trainings are given, by their bits. */
export class RowWitness {
  /** For each training since they were last taken, how often each row was given. */
  #trainings: Map<string, number>[] = [];

  /** The trainings since the last call. */
  take(): Map<string, number>[] {
    const taken = this.#trainings;
    this.#trainings = [];
    return taken;
  }

  /** Makes an engine that is watched. */
  readonly createEngine = async (spec: EngineSpec): Promise<Engine> => {
    const engine = await createReferenceEngine(spec);
    let seen: Map<string, number> | undefined;
    const note = (data: Float32Array) => {
      if (seen === undefined) this.#trainings.push(seen = new Map());
      for (const key of rowKeys(data, spec.width)) {
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    };
    return new Proxy(engine, {
      get(target, name) {
        if (name === "holdRows" || name === "iterate") {
          // deno-lint-ignore no-explicit-any
          return (rows: any, step: any) => {
            if ("data" in rows) note(rows.data);
            // deno-lint-ignore no-explicit-any
            return (target as any)[name](rows, step);
          };
        }
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

// A key a row: its values.
function rowKeys(data: Float32Array, width: number): string[] {
  return Array.from(
    { length: data.length / width },
    (_, row) => data.subarray(row * width, (row + 1) * width).join(),
  );
}

/** Keys of a file's rows. */
export async function fileKeys(path: string): Promise<string[]> {
  const source = await openRows([path]);
  const data = await source.read({ start: 0, end: source.rowCount });
  await source.close();
  return rowKeys(data, source.width);
}
