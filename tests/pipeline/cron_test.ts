import assert from "node:assert/strict";
import fc from "fast-check";
import { DbksvdError } from "../../src/errors.ts";
import { parseCron } from "../../src/pipeline/cron.ts";

function times(expression: string, from: string, count: number): string[] {
  const cron = parseCron(expression);
  const found: string[] = [];
  let time: Date | undefined = new Date(from);
  while (found.length < count) {
    time = cron.next(time!);
    if (time === undefined) break;
    found.push(time.toISOString().slice(0, 16));
  }
  return found;
}

Deno.test("parseCron() finds the next due minutes in UTC", () => {
  const from = "2026-02-27T23:59:30Z";
  assert.deepEqual(times("0 3 * * *", from, 2), [
    "2026-02-28T03:00",
    "2026-03-01T03:00",
  ]);
  assert.deepEqual(times("*/20 0-1 * * *", from, 4), [
    "2026-02-28T00:00",
    "2026-02-28T00:20",
    "2026-02-28T00:40",
    "2026-02-28T01:00",
  ]);
  assert.deepEqual(times("30 4 29 feb *", from, 1), ["2028-02-29T04:30"]);
  assert.deepEqual(times("0 0 31 2 *", from, 1), []);
});

Deno.test("parseCron() counts weekdays as crontab does, Sunday as 0 and 7", () => {
  // 2026-03-01 is a Sunday.
  const from = "2026-02-25T12:00:00Z";
  for (const sunday of ["0", "7", "sun", "SUN"]) {
    assert.deepEqual(times(`0 3 * * ${sunday}`, from, 2), [
      "2026-03-01T03:00",
      "2026-03-08T03:00",
    ]);
  }
  assert.deepEqual(times("0 3 * * mon-wed/2", from, 3), [
    "2026-03-02T03:00",
    "2026-03-04T03:00",
    "2026-03-09T03:00",
  ]);
});

Deno.test("parseCron() takes either day field where both are restricted", () => {
  assert.deepEqual(times("0 0 13 * fri", "2026-03-05T00:00:00Z", 4), [
    "2026-03-06T00:00",
    "2026-03-13T00:00",
    "2026-03-20T00:00",
    "2026-03-27T00:00",
  ]);
});

Deno.test("parseCron() does not count a day field that begins with * as restricted", () => {
  // Every Tuesday with an odd day of the month, not every odd day and every Tuesday.
  assert.deepEqual(times("0 0 */2 * tue", "2026-03-01T00:00:00Z", 3), [
    "2026-03-03T00:00",
    "2026-03-17T00:00",
    "2026-03-31T00:00",
  ]);
});

Deno.test("parseCron() agrees with trying every minute", () => {
  const field = (low: number, high: number) =>
    fc.oneof(
      fc.constant("*"),
      fc.integer({ min: low, max: high }).map(String),
      fc.tuple(
        fc.integer({ min: low, max: high }),
        fc.integer({ min: low, max: high }),
      ).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 1, max: 7 }).map((step) => `*/${step}`),
    );
  fc.assert(
    fc.property(
      field(0, 59),
      field(0, 23),
      field(1, 31),
      field(1, 12),
      field(0, 7),
      fc.integer({ min: 0, max: 300 }),
      (minute, hour, day, month, weekday, start) => {
        const cron = parseCron(`${minute} ${hour} ${day} ${month} ${weekday}`);
        const after = new Date(Date.UTC(2026, 0, 1 + start, 5, 17));
        const until = new Date(after.getTime() + 86_400_000);
        const tried: number[] = [];
        for (let t = after.getTime() + 60_000; t <= +until; t += 60_000) {
          if (cron.matches(new Date(t))) tried.push(t);
        }
        assert.deepEqual(cron.between(after, until).map(Number), tried);
      },
    ),
    { numRuns: 30, seed: 1 },
  );
});

Deno.test("parseCron() refuses what is no schedule, naming the field", () => {
  const bad: [string, RegExp][] = [
    ["0 3 * *", /4 fields/],
    ["60 3 * * *", /no valid minute: "60"/],
    ["0 3-1 * * *", /3-1/],
    ["0 3 0 * *", /no valid day of month: "0"/],
    ["0 3 * 13 *", /no valid month: "13"/],
    ["0 3 * * 8", /no valid day of week: "8"/],
    ["*/0 3 * * *", /0/],
    ["x 3 * * *", /minute/],
    ["@daily", /1 fields/],
  ];
  for (const [expression, message] of bad) {
    assert.throws(() => parseCron(expression), (error) => {
      assert(error instanceof DbksvdError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, message);
      return true;
    });
  }
});
