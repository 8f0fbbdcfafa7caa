// What the fuzzer feeds: each parser of files that others may have made.
import { basename, join } from "node:path";
import { trainCommand } from "../../src/cli/commands/train.ts";
import type { Io } from "../../src/cli/io.ts";
import { applyLayers } from "../../src/cli/layers.ts";
import { addCommonOptions } from "../../src/cli/command.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { readDictionaryFile } from "../../src/model/dictionary_file.ts";
import { loadModel, MODEL_FILES } from "../../src/model/directory.ts";
import { openSafetensors } from "../../src/files/safetensors.ts";
import { loadPipelineConfig } from "../../src/pipeline/config.ts";
import { openRows } from "../../src/rows/open.ts";
import { openCodes } from "../../src/use/codes_reader.ts";
import { importModel } from "../../src/use/import.ts";
import { Checkpoints, stateFor } from "../../src/use/unfinished.ts";
import {
  type Bytes,
  damageShallowly,
  inArchive,
  inHeader,
  inJson,
  inNumpyHeader,
  json,
  oddCodes,
} from "./damage.ts";
import { damageBytes } from "./mutate.ts";
import { lookingTargets } from "./looking.ts";
import * as samples from "./samples.ts";
import { inFile, type Target } from "./target.ts";

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
    ...await saeLensTargets(directory),
    ...await lookingTargets(directory),
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
      if (random.uniform() < 0.5) return inHeader(sound, random);
      const part = random.uniform() < 0.1 ? "metrics" : "state";
      const damaged = damageShallowly(samples.CHECKPOINT[part], random);
      return await written({ ...samples.CHECKPOINT, [part]: damaged });
    },
  };
}

async function modelTargets(directory: string): Promise<Target[]> {
  const model = join(directory, "model");
  await Deno.mkdir(model);
  const sound: Record<string, Bytes> = {
    [MODEL_FILES.dictionary]: samples.dictionarySample(),
    [MODEL_FILES.config]: json(samples.CONFIG),
    [MODEL_FILES.metrics]: json(samples.METRICS_LINE),
    [MODEL_FILES.labels]: json({ 1: "colours", 5: "towns" }),
  };
  for (const [name, bytes] of Object.entries(sound)) {
    await Deno.writeFile(join(model, name), bytes);
  }
  return Object.keys(sound).filter((name) => name.includes("json"))
    .map((name) => ({
      name,
      structured: (random) => inJson(sound[name], random),
      blind: (random) => damageBytes(sound[name], random),
      parse: async (bytes) => {
        await Deno.writeFile(join(model, name), bytes);
        try {
          const loaded = await loadModel(model);
          return await Array.fromAsync(loaded.metrics);
        } finally {
          await Deno.writeFile(join(model, name), sound[name]);
        }
      },
    }));
}

// Another tool's configuration and its weights, one of them damaged.
async function saeLensTargets(directory: string): Promise<Target[]> {
  const files = {
    "cfg.json": { sound: json(samples.SAE_LENS), structured: inJson },
    "sae_weights.safetensors": {
      sound: samples.saeLensSample(),
      structured: inHeader,
    },
  };
  const targets: Target[] = [];
  for (const [damaged, { sound, structured }] of Object.entries(files)) {
    const place = join(directory, `with-damaged-${damaged}`);
    await Deno.mkdir(place);
    for (const [name, file] of Object.entries(files)) {
      await Deno.writeFile(join(place, name), file.sound);
    }
    const parse = () => importModel(place);
    const name = damaged;
    targets.push(inFile(place, damaged, { name, sound, structured, parse }));
  }
  return targets;
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
