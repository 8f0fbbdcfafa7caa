import { DuckDBInstance } from "@duckdb/node-api";
import type { Codes } from "../../src/engine/engine.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import { encodeRows } from "../../src/use/encode.ts";
import { CPU } from "./helpers.ts";

/** What SQL gives, read by DuckDB. */
export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const part of sql.split(";").filter((text) => text.trim() !== "")) {
      rows = (await connection.runAndReadAll(part)).getRowObjectsJson();
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The codes of all rows, as the library gives them. */
export async function libraryCodes(
  model: DictionaryModel,
  source: Parameters<typeof encodeRows>[1],
  options: { group?: number } = {},
): Promise<Codes[]> {
  const all: Codes[] = [];
  for await (
    const { codes } of encodeRows(model, source, { ...CPU, ...options })
  ) {
    all.push(codes);
  }
  return all;
}
