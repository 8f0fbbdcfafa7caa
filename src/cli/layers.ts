import {
  CommanderError,
  type CommandUnknownOpts,
  type Option,
} from "@commander-js/extra-typings";
import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { nearest } from "../nearest.ts";
import { commonOptions } from "./session.ts";
import type { Io } from "./io.ts";
import { CONFIG_BYTES, parseJson, readText } from "../files/text.ts";

/** Where a value below the command line came from. */
interface Origin {
  /** As commander names it. */
  source: "env" | "config";
  /** As the user knows it: the variable, or the key and its file. */
  name: string;
}

/** Options that no variable sets: DBKSVD_MPI names the library that `--mpi` opens. */
const NOT_BY_VARIABLE: readonly string[] = ["mpi"];

/** The environment variable of an option: DBKSVD_SAMPLE_BATCH for sampleBatch. */
export function variableOf(option: string): string {
  return `DBKSVD_${option.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/**
 * Fills in what the command line left open, from `DBKSVD_*` variables first and then from `--config`.
 *
 * @throws {DbksvdError} `usage` for an unreadable file, an unknown key or a value that the option does not take
 */
export async function applyLayers(
  command: CommandUnknownOpts,
  io: Io,
): Promise<void> {
  const file = commonOptions(command).config ?? io.env(variableOf("config"));
  // Of other commands it is not a model's record.
  const { like } = command.name() === "train"
    ? command.opts() as { like?: string }
    : {};
  const config = {
    ...like !== undefined && asOptions(
      await readConfig(join(like, "config.json"), "--like"),
      command,
    ),
    ...file !== undefined && asOptions(await readConfig(file), command),
  };
  const inputs = takeInputs(command, config, file);
  refuseUnknown(command, config, file);
  for (const option of command.options) {
    const key = option.attributeName();
    if (command.getOptionValueSource(key) === "cli") continue;
    const variable = NOT_BY_VARIABLE.includes(key)
      ? undefined
      : io.env(variableOf(key));
    if (variable !== undefined) {
      const name = variableOf(key);
      setOption(command, option, variable, { source: "env", name });
    } else if (Object.hasOwn(config, key)) {
      const name = `"${key}" in ${file}`;
      setOption(command, option, config[key], { source: "config", name });
    }
  }
  if (inputs !== undefined) giveInputs(command, inputs);
}

async function readConfig(
  file: string,
  option = "--config",
): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readText(file, { bytes: CONFIG_BYTES, pipes: true });
  } catch (cause) {
    throw new DbksvdError("usage", "The configuration cannot be read", {
      where: { file },
      mend: `check the path given to ${option}`,
      cause,
    });
  }
  let config: unknown;
  try {
    config = parseJson(text);
  } catch (cause) {
    throw new DbksvdError(
      "usage",
      `The configuration is not JSON, ${(cause as Error).message}`,
      {
        where: { file },
        mend: 'correct it; it looks like { "atoms": 512, "sampleBatch": 4096 }',
        cause,
      },
    );
  }
  if (isJsonObject(config)) return config;
  throw new DbksvdError("usage", "The configuration is no JSON object", {
    where: { file },
    mend: 'write the options in camelCase, such as { "atoms": 512 }',
  });
}

// A model's own record, `config.json`, stands for the options that trained it, as far as the command has them; any
// other configuration is taken as it is.
function asOptions(
  config: Record<string, unknown>,
  command: CommandUnknownOpts,
): Record<string, unknown> {
  const { parameters, inputs, reading, column, rows } = config;
  const isRecord = typeof config.formatVersion === "number" &&
    isJsonObject(parameters) && Array.isArray(inputs);
  if (!isRecord) return config;
  const read = isJsonObject(rows) ? rows.read : undefined;
  const recorded: Record<string, unknown> = {
    ...parameters,
    ...isJsonObject(reading) ? reading : {},
    column,
    maxRows: read,
    inputs: inputs.map((input) => isJsonObject(input) ? input.path : input),
  };
  const known = new Set(
    command.options.map((option) => option.attributeName()),
  ).add("inputs");
  return Object.fromEntries(
    Object.entries(recorded).filter(([key, value]) =>
      known.has(key) && value !== undefined && value !== null
    ),
  );
}

// `inputs` stands for the INPUT arguments; everything else is named as its option.
function takeInputs(
  command: CommandUnknownOpts,
  config: Record<string, unknown>,
  file: string | undefined,
): string[] | undefined {
  const takesInputs = command.registeredArguments.some(({ variadic }) =>
    variadic
  );
  if (!takesInputs || !Object.hasOwn(config, "inputs")) return undefined;
  const { inputs } = config;
  delete config.inputs;
  const list = typeof inputs === "string" ? [inputs] : inputs;
  if (Array.isArray(list) && list.every((path) => typeof path === "string")) {
    return list;
  }
  throw new DbksvdError("usage", '"inputs" is no list of paths', {
    where: { file },
    mend: 'write it as ["a.parquet", "b.parquet"]',
  });
}

function giveInputs(command: CommandUnknownOpts, inputs: string[]): void {
  const at = command.registeredArguments.findIndex(({ variadic }) => variadic);
  const given = command.processedArgs[at];
  if (!Array.isArray(given) || given.length === 0) {
    command.processedArgs[at] = inputs;
  }
}

function refuseUnknown(
  command: CommandUnknownOpts,
  config: Record<string, unknown>,
  file: string | undefined,
): void {
  const known = command.options.map((option) => option.attributeName());
  for (const key of Object.keys(config)) {
    if (known.includes(key) && key !== "config") continue;
    const near = nearest(key, known);
    throw new DbksvdError("usage", `Unknown parameter "${key}"`, {
      where: { file },
      mend: near === undefined
        ? `see dbksvd ${command.name()} --help`
        : `did you mean "${near}"?`,
    });
  }
}

function setOption(
  command: CommandUnknownOpts,
  option: Option,
  value: unknown,
  origin: Origin,
): void {
  const key = option.attributeName();
  if (!option.required && !option.optional) {
    const on = booleanOf(value, origin);
    if (on === !option.negate) {
      command.setOptionValueWithSource(key, on, origin.source);
    }
    return;
  }
  if (option.optional && !option.required && isBoolean(value)) {
    if (booleanOf(value, origin)) {
      command.setOptionValueWithSource(key, true, origin.source);
    }
    return;
  }
  const texts = textsOf(value, option, origin);
  let parsed: unknown = option.variadic ? texts : texts[0];
  if (option.parseArg) {
    try {
      parsed = texts.reduce<unknown>(
        (previous, text) => option.parseArg!(text, previous),
        undefined,
      );
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      throw refused(origin, value, error.message.replace(/\.$/, ""));
    }
  }
  command.setOptionValueWithSource(key, parsed, origin.source);
}

function isBoolean(value: unknown): boolean {
  return /^(1|true|yes|on|0|false|no|off|)$/i.test(`${value}`);
}

function booleanOf(value: unknown, origin: Origin): boolean {
  if (value === true || /^(1|true|yes|on)$/i.test(`${value}`)) return true;
  if (value === false || /^(0|false|no|off|)$/i.test(`${value}`)) return false;
  throw refused(origin, value, "It takes true or false");
}

function textsOf(
  value: unknown,
  { variadic, parseArg }: Option,
  origin: Origin,
): string[] {
  const plain = (one: unknown) => ["string", "number"].includes(typeof one);
  if (Array.isArray(value) && value.every(plain)) {
    return variadic ? value.map(String) : [value.join(",")];
  }
  // An option that reads JSON takes an object as it is; any other parser refuses its text.
  if (typeof value === "object" && value !== null && parseArg) {
    return [JSON.stringify(value)];
  }
  if (!plain(value)) {
    throw refused(origin, value, "It takes text or a number");
  }
  return variadic ? `${value}`.split(",") : [`${value}`];
}

function refused(origin: Origin, value: unknown, needed: string): DbksvdError {
  const shown = typeof value === "object"
    ? JSON.stringify(value)
    : `"${value}"`;
  return new DbksvdError("usage", `${origin.name} is ${shown}`, {
    mend: needed.charAt(0).toLowerCase() + needed.slice(1),
  });
}
