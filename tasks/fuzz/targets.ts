// What the fuzzer feeds: each parser of files that others may have made.
import { basename, join } from "node:path";
import { trainCommand } from "../../src/cli/commands/train.ts";
import type { Io } from "../../src/cli/io.ts";
import { applyLayers } from "../../src/cli/layers.ts";
import { addCommonOptions } from "../../src/cli/command.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { readDictionaryFile } from "../../src/model/dictionary_file.ts";
import { loadModel, MODEL_FILES } from "../../src/model/directory.ts";
import { openSafetensors } from "../../src/model/safetensors.ts";
import { loadPipelineConfig } from "../../src/pipeline/config.ts";
import type { RandomStream } from "../../src/random.ts";
import { openRows } from "../../src/rows/open.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { importModel } from "../../src/use/import.ts";
import { Checkpoints, stateFor } from "../../src/use/unfinished.ts";
import { damageBytes, damageJson, joined, pick } from "./mutate.ts";
import * as samples from "./samples.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One parser under test. */
export interface Target {
  name: string;
  /** Bytes, damaged with regard to what they mean. */
  structured(random: RandomStream): Promise<Bytes> | Bytes;
  /** Bytes, damaged blindly. */
  blind(random: RandomStream): Bytes;
  /** Parses; throws where it refuses. */
  parse(bytes: Bytes): Promise<unknown>;
}

/** Makes all targets, working in a directory of their own. */
export async function targetsIn(directory: string): Promise<Target[]> {
  const codes = await samples.codesSample(directory);
  return [
    inFile(directory, "x.safetensors", {
      name: "safetensors",
      sound: samples.safetensorsSample(),
      structured: inHeader,
      parse: readTensors,
    }),
    inFile(directory, "dictionary.safetensors", {
      name: "dictionary",
      sound: samples.dictionarySample(),
      structured: inHeader,
      parse: readDictionaryFile,
    }),
    inFile(directory, "rows.npy", {
      name: "npy",
      sound: samples.npySample(),
      structured: inNumpyHeader,
      parse: readRows,
    }),
    inFile(directory, "rows.safetensors", {
      name: "rows",
      sound: samples.safetensorsSample(),
      structured: inHeader,
      parse: readRows,
    }),
    inFile(directory, join("gemma", "params.npz"), {
      name: "npz",
      sound: samples.archiveSample(),
      structured: inArchive,
      parse: (path) => importModel(join(path, "..")),
    }),
    inFile(directory, "codes.parquet", {
      name: "codes",
      sound: codes,
      structured: (_sound, random) => oddCodes(random),
      parse: readCodes,
    }),
    await checkpointTarget(directory),
    ...await modelTargets(directory),
    inFile(directory, "pipeline.json", {
      name: "pipeline",
      sound: json(samples.PIPELINE),
      structured: inJson,
      parse: (path) => loadPipelineConfig(path),
    }),
    inFile(directory, "train.json", {
      name: "config",
      sound: json(samples.TRAIN),
      structured: inJson,
      parse: readTrainConfig,
    }),
  ];
}

function inFile(directory: string, file: string, target: {
  name: string;
  sound: Bytes;
  structured(sound: Bytes, random: RandomStream): Bytes;
  parse(path: string): Promise<unknown>;
}): Target {
  const path = join(directory, file);
  return {
    name: target.name,
    structured: (random) => target.structured(target.sound, random),
    blind: (random) => damageBytes(target.sound, random),
    parse: async (bytes) => {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeFile(path, bytes);
      return await target.parse(path);
    },
  };
}

// Half of the structured checkpoints have a true checksum around a damaged content.
async function checkpointTarget(directory: string): Promise<Target> {
  const out = join(directory, "run");
  const place = join(out, ".checkpoint");
  const path = join(place, "checkpoint-000000000003.safetensors");
  const written = async (value: unknown) => {
    await writeCheckpoint(place, 3, value);
    return await Deno.readFile(path);
  };
  const sound = await written(samples.CHECKPOINT);
  return {
    ...inFile(place, basename(path), {
      name: "checkpoint",
      sound,
      structured: inHeader,
      parse: async () => {
        await readCheckpoint(path);
        const run = await new Checkpoints(out, {}, () => Promise.resolve())
          .latest();
        const { width } = samples.MODEL;
        return stateFor(run!, samples.CHECKPOINT_OPTIONS, width);
      },
    }),
    structured: async (random) => {
      const { state } = samples.CHECKPOINT;
      if (random.uniform() < 0.5) {
        return inHeader(sound, random);
      }
      const damaged = damageShallowly(state, random);
      return await written({ ...samples.CHECKPOINT, state: damaged });
    },
  };
}

async function modelTargets(directory: string): Promise<Target[]> {
  const model = join(directory, "model");
  await Deno.mkdir(model);
  const sound: Record<string, Bytes> = {
    [MODEL_FILES.dictionary]: samples.dictionarySample(),
    [MODEL_FILES.config]: json(samples.CONFIG),
    [MODEL_FILES.metrics]: json({ iteration: 0, pass: 0, rowsSeen: 9 }),
    [MODEL_FILES.labels]: json({ 1: "colours", 5: "towns" }),
  };
  for (const [name, bytes] of Object.entries(sound)) {
    await Deno.writeFile(join(model, name), bytes);
  }
  return Object.values(MODEL_FILES).filter((name) => name.includes("json"))
    .map((name) => ({
      name,
      structured: (random) => inJson(sound[name], random),
      blind: (random) => damageBytes(sound[name], random),
      parse: async (bytes) => {
        await Deno.writeFile(join(model, name), bytes);
        try {
          return await loadModel(model);
        } finally {
          await Deno.writeFile(join(model, name), sound[name]);
        }
      },
    }));
}

function json(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

function inJson(sound: Bytes, random: RandomStream): Bytes {
  return json(damageJson(JSON.parse(new TextDecoder().decode(sound)), random));
}

// Damages a safetensors header; its length stays true.
function inHeader(sound: Bytes, random: RandomStream): Bytes {
  const view = new DataView(sound.buffer);
  const end = 8 + Number(view.getBigUint64(0, true));
  const header = inJson(sound.subarray(8, end), random);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return joined([length, header, sound.subarray(end)]);
}

const NUMPY_PARTS = [
  ["<f4", "|O"],
  ["<f4", "<f8"],
  ["<f4", "<c16"],
  ["<f4", ">f4"],
  ["(3, 4)", "(3, 4000000000)"],
  ["(3, 4)", "(-3, -4)"],
  ["(3, 4)", "(12,)"],
  ["(3, 4)", "()"],
  ["(3, 4)", "(0, 4)"],
  ["(3, 4)", "(3, 2, 2)"],
  ["(3, 4)", "(1e3, 4)"],
  ["False", "True"],
  ["descr", "dexxr"],
  ["{", "["],
] as const;

// Changes the text of a NumPy header; its length stays true where the change does not lengthen it.
function inNumpyHeader(sound: Bytes, random: RandomStream): Bytes {
  const text = Array.from(sound, (byte) => String.fromCharCode(byte)).join("");
  const [from, to] = pick(random, NUMPY_PARTS);
  const changed = text.replace(from, to).replace(
    " ".repeat(Math.max(0, to.length - from.length)) + "\n",
    "\n",
  );
  return Uint8Array.from(changed, (char) => char.charCodeAt(0));
}

// Damages one of the archive's names, sizes or headers, wherever they are written.
function inArchive(sound: Bytes, random: RandomStream): Bytes {
  const bytes = sound.slice();
  const signatures: number[] = [];
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (bytes[at] === 0x50 && bytes[at + 1] === 0x4B && bytes[at + 2] < 9) {
      signatures.push(at);
    }
  }
  const at = pick(random, signatures) + 4 + random.integer(42);
  const value = pick(random, [0, 1, 8, 0x7F, 0xFF]);
  return bytes.fill(value, at, at + pick(random, [1, 2, 4]));
}

const ODD_LISTS: readonly unknown[] = [
  [],
  [0],
  [0, 0],
  [6],
  [-1],
  [0.5],
  [2 ** 40],
  ["1"],
  [null],
  [[1]],
  {},
  null,
  "codes",
  Array.from({ length: 1000 }, (_, i) => i),
];

function oddCodes(random: RandomStream): Bytes {
  const rows = 1 + random.integer(4);
  const list = () =>
    Array.from({ length: rows }, () => pick(random, ODD_LISTS));
  const numbers = Array.from(
    { length: rows },
    (_, i) => pick(random, [i, -1, 0.5, 2 ** 60, NaN]),
  );
  return samples.oddCodes(list(), list(), numbers);
}

// One property of a state that may hold typed arrays becomes something else.
function damageShallowly(
  state: Record<string, unknown>,
  random: RandomStream,
): Record<string, unknown> {
  const key = pick(random, Object.keys(state));
  const odd = [
    undefined,
    null,
    -1,
    0.5,
    2 ** 53,
    NaN,
    "x",
    [],
    {},
    new Float32Array(3),
    new Float32Array(24).fill(NaN),
    new Uint32Array(24),
    [-1],
    [99],
    [{}],
    { recent: [new Uint32Array(1)], replacedAt: new Int32Array(6) },
    { mean: new Float32Array(3), scale: 0 },
  ];
  return { ...state, [key]: pick(random, odd) };
}

async function readTensors(path: string): Promise<void> {
  const file = await openSafetensors(path);
  for (const name of file.header.tensors.keys()) await file.float32(name);
}

async function readRows(path: string): Promise<void> {
  const source = await openRows(path);
  try {
    for await (const { data } of source.batches(2)) {
      if (!data.every(Number.isFinite)) throw new Error("A row is not finite");
    }
  } finally {
    await source.close();
  }
}

async function readCodes(path: string): Promise<void> {
  const reader = await openCodes(path, samples.MODEL);
  try {
    for await (const { codes } of reader.batches()) {
      if (!codes.values.every(Number.isFinite)) {
        throw new Error("A code is not finite");
      }
    }
  } finally {
    reader.close();
  }
}

const NO_ENVIRONMENT = { env: () => undefined } as unknown as Io;

async function readTrainConfig(path: string): Promise<void> {
  const command = trainCommand(NO_ENVIRONMENT);
  addCommonOptions(command);
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.setOptionValueWithSource("config", path, "cli");
  command.processedArgs = [[]];
  await applyLayers(command, NO_ENVIRONMENT);
}
