import assert from "node:assert/strict";
import { courseOf, mergeReplacements } from "../../src/report/course.ts";
import type { MetricsLine } from "../../src/model/model.ts";
import { fixtureLines } from "./fixture.ts";

function* many(iterations: number): Generator<MetricsLine> {
  const [line] = fixtureLines(1);
  for (let iteration = 0; iteration < iterations; iteration++) {
    yield {
      ...line,
      iteration,
      rowsSeen: 10 * (iteration + 1),
      replaced: iteration % 3,
      deadAtoms: iteration === 777 ? 99 : 1,
      milliseconds: 2,
      stages: { omp: 1 },
      validationFvu: iteration % 2 === 0 ? 0.5 : undefined,
    };
  }
}

Deno.test("courseOf() keeps every line of a short training", async () => {
  const lines = fixtureLines(60);
  const course = await courseOf(lines);
  assert.deepEqual(course.lines, lines);
  assert.deepEqual(course.last, lines.at(-1));
  assert.equal(course.iterations, 60);
  assert.deepEqual(
    course.validated,
    lines.filter(({ validationFvu }) => validationFvu !== undefined),
  );
});

Deno.test("courseOf() keeps as much of a training however long, evenly, and sums all of it", async () => {
  for (const iterations of [8191, 8192, 8193, 30_001, 100_000]) {
    const course = await courseOf(many(iterations));
    for (const { length } of [course.lines, course.replacements]) {
      assert(length > 4000 && length <= 8193, `${length} kept`);
    }
    assert.equal(course.last?.iteration, iterations - 1);
    assert.equal(course.lines.at(-1)?.iteration, iterations - 1);
    const gaps = course.lines.slice(1, -1)
      .map(({ iteration }, i) => iteration - course.lines[i].iteration);
    assert.equal(new Set(gaps).size, 1);
    assert(course.validated.every((line) => line.validationFvu === 0.5));
    assert.equal(course.iterations, iterations);
    assert.equal(course.mostDead, 99);
    assert.equal(course.milliseconds, 2 * iterations);
    assert.equal(course.stages.get("omp"), iterations);
    const [bar, ...others] = mergeReplacements(course.replacements, 1e6);
    assert.equal(others.length, 0);
    const replaced = [...many(iterations)]
      .reduce((sum, line) => sum + line.replaced, 0);
    assert.deepEqual(bar, { from: 0, to: 10 * iterations, replaced });
  }
});

Deno.test("courseOf() of no lines is empty", async () => {
  const { last, lines, iterations } = await courseOf([]);
  assert.deepEqual([last, lines, iterations], [undefined, [], 0]);
});
