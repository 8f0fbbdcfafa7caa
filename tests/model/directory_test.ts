import assert from "node:assert/strict";
import { join } from "node:path";
import { previousOf } from "../../src/files/atomic.ts";
import { loadModel, saveModel } from "../../src/model/directory.ts";
import type { MetricsLine } from "../../src/model/model.ts";
import {
  float32Tensor,
  openSafetensors,
  safetensorsParts,
} from "../../src/files/safetensors.ts";
import {
  dictionaryFileParts,
  readDictionaryFile,
} from "../../src/model/dictionary_file.ts";
import { DbksvdError } from "../../src/errors.ts";
import { inDirectory } from "../directories.ts";
import { CONFIG, makeModel } from "./models.ts";

const LINE: MetricsLine = {
  iteration: 1,
  pass: 1,
  rowsSeen: 90,
  codingFvu: 0.5,
  updatedFvu: 0.4,
  l0: 3,
  atomBatch: 1,
  deadAtoms: 0,
  duplicates: 0,
  replaced: 0,
  milliseconds: 12,
  stages: { correlate: 3 },
};

Deno.test("loadModel() returns what saveModel() wrote", async () => {
  await inDirectory(async (parent) => {
    const model = makeModel({
      width: 6,
      atoms: 8,
      groups: [2, 6],
      labels: { "3": "colours" },
      coder: {
        method: "mp",
        sparsity: 4,
        nonnegative: true,
        tolerance: 0.125,
        refit: true,
        refine: 3,
      },
    });
    const directory = join(parent, "model");
    await saveModel(directory, model, CONFIG, [LINE, LINE], {
      "report.html": "<p>",
    });
    const { metrics, ...loaded } = await loadModel(directory);
    assert.deepEqual(loaded, { model, config: CONFIG });
    // Read again each time that they are gone through.
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await Array.fromAsync(metrics), [LINE, LINE]);
    }
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    assert.deepEqual(names.sort(), [
      "config.json",
      "dictionary.safetensors",
      "labels.json",
      "metrics.jsonl",
      "report.html",
    ]);
    assert.deepEqual([...Deno.readDirSync(parent)].length, 1);
  });
});

Deno.test("saveModel() replaces a model and leaves nothing else behind", async () => {
  await inDirectory(async (parent) => {
    const directory = join(parent, "model");
    const first = makeModel({ width: 4, atoms: 5, labels: { "0": "x" } });
    await saveModel(directory, first, CONFIG, [LINE]);
    const second = makeModel({ width: 6, atoms: 9 });
    await saveModel(`${directory}/`, second, CONFIG, []);
    assert.deepEqual((await loadModel(directory)).model, second);
    assert.deepEqual([...Deno.readDirSync(parent)].map((e) => e.name), [
      "model",
    ]);
  });
});

Deno.test("saveModel() keeps the former model when it cannot write", async () => {
  await inDirectory(async (parent) => {
    const directory = join(parent, "model");
    const model = makeModel({ width: 4, atoms: 5 });
    await saveModel(directory, model, CONFIG, []);
    const unwritable = { "a\0b": "x" };
    await assert.rejects(
      saveModel(
        directory,
        makeModel({ width: 6, atoms: 9 }),
        CONFIG,
        [],
        unwritable,
      ),
      /Cannot write/,
    );
    assert.deepEqual((await loadModel(directory)).model, model);
    assert.deepEqual([...Deno.readDirSync(parent)].map((e) => e.name), [
      "model",
    ]);
  });
});

Deno.test("loadModel() finds the former model when a replacement was cut off", async () => {
  await inDirectory(async (parent) => {
    const directory = join(parent, "model");
    const model = makeModel({ width: 4, atoms: 5 });
    await saveModel(directory, model, CONFIG, []);
    await Deno.rename(directory, previousOf(directory));
    assert.deepEqual((await loadModel(directory)).model, model);
    await saveModel(directory, model, CONFIG, []);
    assert.deepEqual([...Deno.readDirSync(parent)].map((e) => e.name), [
      "model",
    ]);
  });
});

Deno.test("loadModel() refuses what is not a whole model, naming the file", async () => {
  await inDirectory(async (parent) => {
    await assert.rejects(loadModel(join(parent, "none")), /no such directory/);
    await assert.rejects(loadModel(parent), /holds no dictionary\.safetensors/);
    const directory = join(parent, "model");
    const model = makeModel({ width: 4, atoms: 5 });
    for (
      const [name, text, message] of [
        ["config.json", "{}", /config\.json is damaged/],
        ["config.json", "{", /is not JSON/],
        [
          "config.json",
          JSON.stringify({ ...CONFIG, decoder: { device: {} } }),
          /config\.json is damaged, see decoder/,
        ],
        ["labels.json", '{"5": "x"}', /"5" is no atom/],
        ["labels.json", '{"01": "x"}', /"01" is no atom/],
        ["labels.json", '{"1": 2}', /label of atom 1 is not text/],
      ] as const
    ) {
      await saveModel(directory, model, CONFIG, []);
      await Deno.writeTextFile(join(directory, name), text);
      await assert.rejects(loadModel(directory), (error: Error) => {
        assert.match(error.message, message);
        assert.ok(error.message.includes(name), error.message);
        return true;
      });
    }
  });
});

Deno.test("readDictionaryFile() takes a bare dictionary and refuses broken ones", async () => {
  await inDirectory(async (parent) => {
    const path = join(parent, "d.safetensors");
    const write = async (
      dictionary: number[],
      metadata: Record<string, string> = {},
      mean?: number[],
    ) => {
      const tensors = {
        dictionary: float32Tensor(Float32Array.from(dictionary), 2, 2),
        ...(mean && { mean: float32Tensor(Float32Array.from(mean), 2) }),
      };
      const parts = safetensorsParts(tensors, metadata);
      await Deno.writeFile(path, new Blob(parts as BlobPart[]).stream());
    };
    await write([1, 0, 0, 1]);
    const model = await readDictionaryFile(path);
    assert.deepEqual([model.width, model.atoms, model.scale], [2, 2, 1]);
    assert.deepEqual(model.coder.sparsity, 2);
    const cases: [() => Promise<void>, RegExp][] = [
      [() => write([1, 0, 0, 2]), /not of unit length.*atom 1/],
      [() => write([1, 0, 0, NaN]), /not of unit length/],
      [() => write([1, 0, 0, 1], {}, [0, Infinity]), /mean is not finite/],
      [() => write([1, 0, 0, 1], { groups: "[1]" }), /groups do not add up/],
      [() => write([1, 0, 0, 1], { k: "3" }), /sparsity "3"/],
      [() => write([1, 0, 0, 1], { refine: "11" }), /swap passes "11"/],
      [() => write([1, 0, 0, 1], { coder: "lasso" }), /"lasso" is not known/],
      [() => write([1, 0, 0, 1], { format_version: "9" }), /format version 9/],
    ];
    for (const [prepare, message] of cases) {
      await prepare();
      await assert.rejects(readDictionaryFile(path), message);
    }
  });
});

Deno.test("a dictionary keeps how it chooses atoms, in a format that earlier versions refuse", async () => {
  await inDirectory(async (parent) => {
    const plain = makeModel({ width: 6, atoms: 8, groups: [2, 6] });
    const dialled = {
      ...plain,
      coder: {
        ...plain.coder,
        coding: "joint" as const,
        selectionRidge: 0.3,
        groupWeight: 1.2,
        candidates: "positive" as const,
        groupSparsity: [2, 1],
      },
    };
    const threshold = Math.fround(1.2345);
    const shared = {
      ...plain,
      coder: { ...plain.coder, maxSparsity: 6, threshold },
    };
    const given = {
      ...plain,
      coder: { ...shared.coder, threshold: 2, calibrated: false as const },
    };
    for (
      const [model, format] of [
        [plain, "1"],
        [dialled, "2"],
        [shared, "2"],
        [given, "2"],
      ] as const
    ) {
      const file = join(parent, `${format}.safetensors`);
      await writeParts(file, dictionaryFileParts(model));
      const { header } = await openSafetensors(file);
      assert.equal(header.metadata.format_version, format);
      assert.deepEqual((await readDictionaryFile(file)).coder, model.coder);
    }
  });
});

Deno.test("a dictionary with a choice of atoms that cannot be is refused", async () => {
  await inDirectory(async (parent) => {
    const { coder, ...rest } = makeModel({
      width: 6,
      atoms: 8,
      groups: [2, 6],
    });
    const file = join(parent, "spoilt.safetensors");
    const choices = [
      { selectionRidge: -1 },
      { groupWeight: 1.5 },
      { groupSparsity: [2, 2] },
      { coding: "none" as "joint" },
      { maxSparsity: 6 },
      { maxSparsity: 2, threshold: 1 },
      { maxSparsity: 4.5, threshold: 1 },
      { maxSparsity: 6, threshold: -1 },
      { threshold: NaN },
    ];
    for (const choice of choices) {
      const model = { ...rest, coder: { ...coder, ...choice } };
      await writeParts(file, dictionaryFileParts(model));
      await assert.rejects(
        readDictionaryFile(file),
        (error) => error instanceof DbksvdError && error.kind === "data",
      );
    }
  });
});

async function writeParts(path: string, parts: Uint8Array[]): Promise<void> {
  await Deno.writeFile(path, new Blob(parts as BlobPart[]).stream());
}
