import { Ajv } from "ajv";
import assert from "node:assert/strict";
import {
  flagOf,
  TRAINING_OPTIONS,
  trainingOptions,
} from "../../src/options/table.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../src/options/train_options.ts";
import { validateOptions } from "../../src/options/validate.ts";
import schema from "../../src/pipeline/schema.json" with { type: "json" };
import {
  optionSchemas,
  PAGE,
  pageWithOptions,
} from "../../tasks/write_options.ts";

const VALUES: unknown[] = [
  ...[0, 1, 2, 10, 11, -1, 0.5, 1.5, 1e300, NaN, Infinity],
  ...["omp", "joint", "f16", "rest", "auto", "", "1"],
  ...[true, false, null, [], [1, 2], [1, "rest"], [0], {}],
];

Deno.test("the pipeline's schema is as the table of options says", () => {
  const { properties } = schema.definitions.train;
  const expected = JSON.parse(JSON.stringify(optionSchemas()));
  for (const [key, { pipeline = true }] of trainingOptions()) {
    const found = (properties as Record<string, unknown>)[key];
    assert.deepEqual(found, pipeline ? expected[key] : undefined, key);
  }
});

Deno.test("docs/parameters.md lists the options as the table has them", async () => {
  const page = await Deno.readTextFile(PAGE);
  // Columns are drawn by the formatter.
  const words = (text: string) =>
    text.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");
  assert.equal(words(page), words(pageWithOptions(page)));
});

Deno.test("an option's checks, its schema and its reading from the command line agree", () => {
  const ajv = new Ajv({ allowUnionTypes: true });
  for (const [key, { kind }] of trainingOptions()) {
    const fits = ajv.compile(kind.schema);
    for (const value of VALUES) {
      // Beyond JSON, or beyond whole numbers that are exact.
      if (value === 1e300 && kind.schema.type === "integer") continue;
      if (typeof value === "number" && !Number.isFinite(value)) {
        assert(!kind.accepts(value), key);
      } else {
        assert.equal(kind.accepts(value), fits(value), `${key}: ${value}`);
      }
      if (kind.read === undefined || Array.isArray(value)) continue;
      const read = kind.read(String(value));
      assert(read === undefined || kind.accepts(read), `${key}: ${value}`);
      if (typeof value === "number" && kind.accepts(value)) {
        assert.equal(read, value, key);
      }
    }
  }
  assert.deepEqual(TRAINING_OPTIONS.matryoshka.kind.read!("3,rest"), [
    3,
    "rest",
  ]);
  assert.equal(TRAINING_OPTIONS.matryoshka.kind.read!("rest,3"), undefined);
  assert.deepEqual(TRAINING_OPTIONS.groupSparsity.kind.read!("3,4"), [3, 4]);
});

Deno.test("every default is a value that its option takes, and the defaults go together", () => {
  for (const [key, { kind, default: standard }] of trainingOptions()) {
    assert(standard === undefined || kind.accepts(standard), key);
  }
  validateOptions(DEFAULT_TRAIN_OPTIONS);
  assert.equal(DEFAULT_TRAIN_OPTIONS.center, true);
  assert(!("sampleBatch" in DEFAULT_TRAIN_OPTIONS));
});

Deno.test("flagOf() is the key with dashes, and --no- before what is on by default", () => {
  assert.equal(flagOf("sampleBatch"), "--sample-batch");
  assert.equal(flagOf("center"), "--no-center");
  assert.equal(flagOf("exact"), "--exact");
});

Deno.test("validateOptions() refuses a value that an option does not take, by its flag", () => {
  for (
    const [changes, message] of [
      [{ sampleBatch: 0 }, '--sample-batch is "0": it takes a whole number'],
      [{ coder: "lars" as "omp" }, '--coder is "lars": it takes omp or mp'],
      [{ holdout: 1.5 }, "--holdout"],
      [{ groupSparsity: [0] }, "--group-sparsity"],
      [{ tolerance: 1 }, "--tolerance"],
      [{ maxSparsity: 8 }, "--max-sparsity"],
      [{ maxSparsity: 513 }, "at most --atoms (512)"],
      [{ seed: -1 }, "--seed"],
      [{ minUses: NaN }, "--min-uses"],
      [{ sumType: "f16" as "f32" }, "--sum-type"],
    ] as const
  ) {
    assert.throws(
      () => validateOptions({ ...DEFAULT_TRAIN_OPTIONS, ...changes }),
      (error: Error) => error.message.includes(message),
      message,
    );
  }
});
