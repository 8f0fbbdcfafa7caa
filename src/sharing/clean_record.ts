import type { ModelConfig } from "../model/model.ts";
import { TRAINING_OPTIONS } from "../options/table.ts";

/** Of how rows were read, what says nothing of the data's place or values. */
const READING = [
  "blobType",
  "width",
  "skipInvalid",
  "skipItems",
  "unitNorm",
  "maxNormQuantile",
];

/** First atoms that are no file. */
const STARTS = ["rows", "gaussian"];

/**
 * A training's record for others to see: parameters, counts and figures, without the inputs' names and digests, filters
 * on their values, what lay beside them, and what the machine was called.
 *
 * @param config the record as `train` wrote it
 * @returns a record that `loadModel` takes
 */
export function cleanRecord(config: ModelConfig): ModelConfig {
  const { formatVersion, toolVersion, column, holdoutBy, device } = config;
  const { heldOut, training, seconds, rows, decoder, distributed } = config;
  return {
    formatVersion,
    toolVersion,
    parameters: cleanParameters(config.parameters),
    inputs: config.inputs.map(({ rows, bytes }, i) => ({
      path: `(input ${i + 1})`,
      rows,
      bytes,
    })),
    ...column !== undefined && { column },
    reading: only(config.reading ?? {}, READING),
    rows,
    ...holdoutBy !== undefined && { holdoutBy },
    device: { ...cleanDevice(device), details: {} },
    ...decoder !== undefined && {
      decoder: { device: cleanDevice(decoder.device) },
    },
    ...distributed !== undefined && {
      distributed: {
        ranks: distributed.ranks,
        // The file that it was found in stands behind its name.
        library: distributed.library.replace(/ \(.*\)$/s, ""),
        devices: [],
      },
    },
    heldOut,
    training,
    seconds,
  };
}

function cleanDevice(
  { kind, name, software }: Pick<
    ModelConfig["device"],
    "kind" | "name" | "software"
  >,
) {
  return { kind, name, software };
}

// Options of this version alone: what another wrote beside them may be anything.
function cleanParameters(
  parameters: Record<string, unknown>,
): Record<string, unknown> {
  const known = only(parameters, Object.keys(TRAINING_OPTIONS));
  const { init } = known;
  return init === undefined || STARTS.includes(`${init}`)
    ? known
    : { ...known, init: "(a dictionary)" };
}

function only(
  record: Record<string, unknown>,
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([name]) => names.includes(name)),
  );
}
