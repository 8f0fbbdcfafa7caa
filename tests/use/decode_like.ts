// Files that are encoded and decoded like themselves.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DictionaryModel } from "../../src/model/model.ts";
import { reconstruct } from "../../src/model/reconstruct.ts";
import { openRows } from "../../src/rows/open.ts";
import type { OpenRowsOptions } from "../../src/rows/options.ts";
import { decode } from "../../src/use/decode.ts";
import { encode } from "../../src/use/encode.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { makeModel, makeRows } from "../model/models.ts";
import { asRows, sql } from "../rows/writers.ts";
import { CPU } from "./helpers.ts";

export const WIDTH = 6;
export const COUNT = 50;
export const MODEL = makeModel({ width: WIDTH, atoms: 20 });
export const ROWS = makeRows(MODEL, COUNT);
export const LISTS = asRows(ROWS, WIDTH);
export const ARROW = fileURLToPath(
  new URL("../rows/arrow/data/", import.meta.url),
);

/** Numbers to the precision of a type. */
export const ROUNDED: Record<string, (value: number) => number> = {
  f32: Math.fround,
  f64: Math.fround,
  f16: Math.f16round,
  bf16: (value) => {
    const bits = new Uint32Array(Float32Array.of(value).buffer);
    bits[0] = (bits[0] + 0x7FFF + (bits[0] >>> 16 & 1)) & 0xFFFF0000;
    return new Float32Array(bits.buffer)[0];
  },
};

export async function readAll(path: string, options: OpenRowsOptions) {
  const source = await openRows(path, { ...options, decodeWorkers: 0 });
  const data = await source.read({ start: 0, end: source.rowCount });
  const { element } = source;
  await source.close();
  return { data, element };
}

export interface Trip {
  reading?: OpenRowsOptions;
  encoding?: OpenRowsOptions;
  model?: DictionaryModel;
  onNotice?: (notice: string) => void;
}

/** Encodes a file and decodes it like itself; what was there, what is there now, and what the codes say. */
export async function roundTrip(
  directory: string,
  input: string,
  { reading = {}, encoding = {}, model = MODEL, onNotice }: Trip = {},
) {
  const codes = join(directory, "codes.parquet");
  const source = await openRows(input, { ...reading, ...encoding });
  await encode(model, source, { out: codes, overwrite: true, ...CPU });
  await source.close();
  const out = join(directory, `rebuilt${/\.[a-z0-9]+$/.exec(input)![0]}`);
  const { column, blobType, width } = reading;
  const options = { column, blobType, width, like: input, overwrite: true };
  const result = await decode(model, codes, { out, ...options, onNotice });
  const reader = await openCodes(codes, model);
  const rebuilt: number[] = [];
  for await (const { codes } of reader.batches()) {
    rebuilt.push(...reconstruct(model, codes));
  }
  reader.close();
  return {
    out,
    result,
    before: await readAll(input, reading),
    after: await readAll(out, reading),
    rebuilt,
  };
}

/** Encodes and decodes a file with all of its rows. */
export async function assertRebuilt(
  directory: string,
  input: string,
  element: string,
  trip: Trip = {},
): Promise<string> {
  const { out, result, after, rebuilt } = await roundTrip(
    directory,
    input,
    trip,
  );
  assert.equal(result.rowsUnchanged, 0);
  assert.equal(after.element ?? element, element);
  assert.deepEqual([...after.data], rebuilt.map(ROUNDED[element]));
  return out;
}

/** Columns of every kind beside the vectors. */
export const OTHERS = `
  CASE WHEN id % 3 = 0 THEN NULL ELSE 'text ' || id END AS text,
  id % 2 = 0 AS even, CASE id % 3 WHEN 0 THEN 'a longer text' ELSE 'another one' END AS often, id::DECIMAL(9, 2) AS price, DATE '2026-01-01' + id::INT AS day,
  {'a': id, 'b': [id, NULL]} AS nested, make_timestamp(id * 1000000) AS at`;

export async function describeFile(path: string) {
  return await sql(
    `SELECT name, type, repetition_type, converted_type, logical_type FROM parquet_schema('${path}')`,
  );
}
