// The JSON files of a model directory: read as what others may have written.
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import type { MetricsLine, ModelConfig } from "./model.ts";
import { parseJson as parseBounded } from "../files/text.ts";

/**
 * Parses `config.json`.
 *
 * @param text the file's contents
 * @param file its name, for errors
 * @throws {DbksvdError} `data` where it is not what `train` writes
 */
export function parseConfig(text: string, file: string): ModelConfig {
  const config = parseJson(text, file);
  const flaw = isJsonObject(config) ? flawOfConfig(config) : "the whole";
  if (flaw === undefined) return config as unknown as ModelConfig;
  throw new DbksvdError(
    "data",
    `A model's config.json is damaged, see ${flaw}`,
    { where: { file }, mend: "train again, or restore the file" },
  );
}

/**
 * Parses a line of `metrics.jsonl`.
 *
 * @param text the line
 * @param file the file's name, for errors
 * @param row the line's number, counted from 0
 * @throws {DbksvdError} `data` where it is not what `train` writes
 */
export function parseMetricsLine(
  text: string,
  file: string,
  row: number,
): MetricsLine {
  const line = parseJson(text, file);
  const valid = isJsonObject(line) && isJsonObject(line.stages) &&
    allNumbers(line.stages) &&
    LINE_NUMBERS.every((name) => isNumber(line[name]));
  if (valid) return line as unknown as MetricsLine;
  throw new DbksvdError("data", "A model's metrics are damaged", {
    where: { file, row },
    mend: "train again, or restore the file",
  });
}

const LINE_NUMBERS = [
  "iteration",
  "pass",
  "rowsSeen",
  "codingFvu",
  "updatedFvu",
  "l0",
  "atomBatch",
  "deadAtoms",
  "duplicates",
  "replaced",
  "milliseconds",
] as const satisfies readonly (keyof MetricsLine)[];

function flawOfConfig(config: Record<string, unknown>): string | undefined {
  const { inputs, rows, device, decoder } = config;
  const checks: Record<string, boolean> = {
    formatVersion: isNumber(config.formatVersion),
    toolVersion: typeof config.toolVersion === "string",
    parameters: isJsonObject(config.parameters),
    inputs: Array.isArray(inputs) && inputs.every(isInput),
    column: isAbsentOr(config.column, "string"),
    reading: config.reading === undefined || isJsonObject(config.reading),
    rows: isJsonObject(rows) &&
      [rows.read, rows.training, rows.heldOut].every(isNumber) &&
      isJsonObject(rows.dropped) && allNumbers(rows.dropped),
    calibration: config.calibration === undefined ||
      isCalibration(config.calibration),
    device: isDevice(device) && isJsonObject(device.details),
    decoder: decoder === undefined ||
      (isJsonObject(decoder) && isDevice(decoder.device)),
    heldOut: isAbsentOrNumbers(config.heldOut),
    training: isAbsentOrNumbers(config.training),
    seconds: isAbsentOr(config.seconds, "number"),
  };
  return Object.keys(checks).find((name) => !checks[name]);
}

function isInput(input: unknown): boolean {
  return isJsonObject(input) && typeof input.path === "string" &&
    isNumber(input.rows) && isNumber(input.bytes);
}

function isDevice(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && typeof value.kind === "string" &&
    typeof value.name === "string";
}

function isCalibration(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { on, ...numbers } = value;
  return typeof on === "string" && isNumber(numbers.threshold) &&
    allNumbers(numbers);
}

function isAbsentOrNumbers(value: unknown): boolean {
  return value === undefined || (isJsonObject(value) && allNumbers(value));
}

function isAbsentOr(value: unknown, type: "string" | "number"): boolean {
  return value === undefined || typeof value === type;
}

// JSON has no NaN or infinity: a metric without a value is null there.
function allNumbers(record: Record<string, unknown>): boolean {
  return Object.values(record).every((value) =>
    value === null || isNumber(value)
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function parseJson(text: string, file: string): unknown {
  try {
    return parseBounded(text);
  } catch (cause) {
    throw new DbksvdError("data", "A model's file is not JSON", {
      where: { file },
      mend: "train again, or restore the file",
      cause,
    });
  }
}
