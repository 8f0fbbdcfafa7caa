import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineCoder } from "../../src/coding/coder.ts";
import type { DictionaryModel } from "../../src/model/model.ts";
import type { ModelCoder } from "../../src/options/model_coder.ts";
import { openRows } from "../../src/rows/open.ts";
import { exportModel } from "../../src/use/export.ts";
import { train } from "../../src/use/train.ts";
import { inDirectory } from "../directories.ts";
import { SAMPLE, smallProblem } from "../use/helpers.ts";

const HERE = fileURLToPath(new URL("./saebench/", import.meta.url));
const ENGINE = { device: "cpu", threads: 1 } as const;
const ROWS = 1000;
const SIZES = { atoms: 240, sparsity: 9, passes: 2 };

type Case = Partial<ModelCoder> & {
  groups?: number[];
  /** The second half of the atoms are those of the first half again. */
  twins?: true;
};

/** Every way of coding that a dictionary can ask for. */
const CASES: Record<string, Case> = {
  omp: {},
  ridge: { selectionRidge: 0.3 },
  large_ridge: { selectionRidge: 30 },
  usage_weights: { groupWeight: 1.2 },
  positive_candidates: { candidates: "positive" },
  dependent_atoms: { twins: true },
  dependent_atoms_ridge: { twins: true, selectionRidge: 0.3 },
  nonnegative: { nonnegative: true },
  nonnegative_many: { nonnegative: true, sparsity: 32 },
  nonnegative_ridge: { nonnegative: true, sparsity: 24, selectionRidge: 1 },
  tolerance: { tolerance: 0.6 },
  shared: { maxSparsity: 18, threshold: 1.25 },
  shared_probing: {
    ...{ maxSparsity: 18, threshold: 1.25, groups: [40, 200] },
    ...{ coding: "joint", selectionRidge: 0.3, groupWeight: 1.2 },
  },
  shared_groups: {
    ...{ maxSparsity: 17, threshold: 1.25, groups: [40, 80, 120] },
    ...{ groupSparsity: [1, 6, 2], nonnegative: true },
  },
  shared_mp: { method: "mp", maxSparsity: 18, threshold: 1.25 },
  groups: { groups: [40, 80, 120] },
  group_shares: { groups: [40, 80, 120], groupSparsity: [1, 6, 2] },
  nonnegative_groups: { groups: [100, 140], nonnegative: true },
  joint: { groups: [40, 80, 120], coding: "joint" },
  probing: {
    groups: [40, 200],
    coding: "joint",
    selectionRidge: 0.3,
    groupWeight: 1.2,
    candidates: "positive",
  },
  mp: { method: "mp" },
  mp_refit: { method: "mp", refit: true },
  mp_nonnegative: { method: "mp", nonnegative: true },
  mp_groups: { method: "mp", groups: [40, 200], tolerance: 0.5 },
  refined: { refine: 2 },
  refined_nonnegative: { refine: 2, nonnegative: true },
  refined_groups: { refine: 1, groups: [40, 200] },
};

async function python(
  args: string[],
  env: Record<string, string> = {},
  cwd = HERE,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(
    "/usr/bin/python3",
    { args, env: { PYTHONDONTWRITEBYTECODE: "1", ...env }, cwd },
  ).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function twinned(dictionary: Float32Array): Float32Array {
  const half = dictionary.length / 2;
  return dictionary.map((_, i) => dictionary[i % half]);
}

async function writeCase(
  folder: string,
  model: DictionaryModel,
  data: Float32Array,
): Promise<void> {
  await exportModel(model, { format: "saebench", out: join(folder, "sae") });
  const coder = await engineCoder(model, ENGINE);
  try {
    const codes = await coder.encode({ data: data.slice(), rows: ROWS });
    const bytes = (array: Uint32Array | Float32Array) =>
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    await Deno.writeFile(join(folder, "indices.u32"), bytes(codes.indices));
    await Deno.writeFile(join(folder, "values.f32"), bytes(codes.values));
  } finally {
    await coder.close();
  }
}

interface Outcome {
  rows: number;
  latents: number;
  l0: number;
  sameSupport: number;
  furthest: number;
  furthestWithoutGram: number;
  fvu: number;
  ourFvu: number;
  halfError: number;
  error: number;
  leastCode: number;
  leadingDimensions: number[];
  sameWithLeadingDimensions: boolean;
  halfDtypes: string[];
  pursuitDtype: string;
}

Deno.test("an export for SAEBench codes 1000 rows in PyTorch as the CPU engine does, by every coder", async (t) => {
  await inDirectory(async (directory) => {
    const source = await openRows(SAMPLE);
    const data = await source.read({ start: 0, end: ROWS });
    const { model } = await train(source, SIZES, ENGINE);
    await source.close();
    await Deno.writeFile(
      join(directory, "rows.f32"),
      new Uint8Array(data.buffer),
    );
    for (const [name, { groups, twins, ...coder }] of Object.entries(CASES)) {
      await Deno.mkdir(join(directory, name));
      await writeCase(join(directory, name), {
        ...model,
        dictionary: twins ? twinned(model.dictionary) : model.dictionary,
        groups: groups ?? model.groups,
        coder: { ...model.coder, ...coder },
      }, data);
    }
    const printed = await python([join(HERE, "codes.py"), directory]);
    const outcomes: Record<string, Outcome> = JSON.parse(printed);
    for (const [name, { nonnegative }] of Object.entries(CASES)) {
      await t.step(name, () => {
        const found = outcomes[name];
        assert.equal(found.rows, ROWS);
        assert.equal(found.latents, SIZES.atoms * (nonnegative ? 1 : 2));
        // Two atoms that are as good as each other to float32 may stand for one another in a row or two.
        assert(found.sameSupport >= ROWS - 3, `${found.sameSupport} rows`);
        assert(found.furthest < 1e-4, `codes differ by ${found.furthest}`);
        assert(Math.abs(found.fvu - found.ourFvu) < 1e-5);
        assert.equal(found.leastCode, 0);
        assert(found.furthestWithoutGram < 1e-4);
        assert.deepEqual(found.leadingDimensions, [2, 3, 4, found.latents]);
        assert(found.sameWithLeadingDimensions);
        assert.deepEqual(found.halfDtypes, ["torch.bfloat16"]);
        assert.equal(found.pursuitDtype, "torch.float32");
        assert(Math.abs(found.halfError - found.error) < 1e-3);
      });
    }
  });
});

async function exported(
  out: string,
  names: { modelName?: string; layer?: number; hookName?: string },
): Promise<void> {
  const { model } = smallProblem(40);
  await exportModel(model, { format: "saebench", out, ...names });
}

Deno.test("an export for SAEBench answers every call of SAEBench, sae-probes and SAELens", async (t) => {
  await inDirectory(async (directory) => {
    const sae = join(directory, "sae");
    await exported(sae, { modelName: "gemma-2-2b", layer: 12 });
    const printed = await python([join(HERE, "interface.py"), sae]);
    const outcomes: Record<string, string> = JSON.parse(printed);
    assert(Object.keys(outcomes).length > 30);
    for (const [place, said] of Object.entries(outcomes)) {
      await t.step(place, () => assert.equal(said, "ok", said));
    }
  });
});

async function runs(sae: string, ...args: string[]) {
  const env = {
    PYTHONPATH: join(HERE, "stand_in"),
    OPENAI_API_KEY: "",
    CUDA_VISIBLE_DEVICES: "",
  };
  const script = join(sae, "run_saebench.py");
  const printed = await python([script, ...args], env, sae);
  return JSON.parse(printed.trim().split("\n").at(-1)!);
}

Deno.test("run_saebench.py asks SAEBench for the paper's metrics with its settings", async () => {
  await inDirectory(async (directory) => {
    const sae = join(directory, "sae");
    await exported(sae, {});
    const paper = {
      model: "gemma-2-2b",
      batchSize: 32,
      dtype: "bfloat16",
      device: "cpu",
      metrics: [
        ...["absorption", "autointerp", "core", "ravel", "scr"],
        "sparse_probing",
      ],
      name: "sae",
      hook: [12, "blocks.12.hook_resid_post"],
      saeDtype: "torch.bfloat16",
      latents: 48,
      api_key: null,
      force_rerun: false,
      save_activations: false,
    };
    assert.deepEqual(await runs(sae), paper);
    await Deno.writeTextFile(join(sae, "openai_api_key.txt"), "key\n");
    assert.equal((await runs(sae)).api_key, "key");
  });
});

Deno.test("run_saebench.py takes model and layer from the export, or as options say", async () => {
  await inDirectory(async (directory) => {
    const sae = join(directory, "sae");
    await exported(sae, {
      modelName: "pythia-160m-deduped",
      hookName: "blocks.8.hook_resid_post",
    });
    const given = await runs(sae, "--metrics", "core");
    assert.equal(given.model, "pythia-160m-deduped");
    assert.deepEqual(given.hook, [8, "blocks.8.hook_resid_post"]);
    assert.deepEqual(given.metrics, ["core"]);
    // As SAEBench loads this model.
    assert.equal(given.batchSize, 256);
    assert.deepEqual([given.dtype, given.saeDtype], [
      "float32",
      "torch.float32",
    ]);
    const half = await runs(sae, "--dtype", "float16", "--batch-size", "8");
    assert.equal(half.batchSize, 8);
    assert.deepEqual([half.dtype, half.saeDtype], ["float16", "torch.float16"]);
    const other = await runs(sae, "--layer", "3", "--model-name", "gpt2");
    assert.equal(other.model, "gpt2");
    assert.deepEqual([other.batchSize, other.dtype], [32, "bfloat16"]);
    assert.deepEqual(other.hook, [3, "blocks.3.hook_resid_post"]);
  });
});
