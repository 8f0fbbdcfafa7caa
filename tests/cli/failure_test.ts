import assert from "node:assert/strict";
import { failureOf, Stopped } from "../../src/cli/failure.ts";
import { DbksvdError, type ErrorKind } from "../../src/errors.ts";

Deno.test("failureOf() gives every kind of error its exit code", () => {
  const kinds: [ErrorKind, number][] = [
    ["run", 1],
    ["usage", 2],
    ["data", 3],
    ["device", 4],
  ];
  for (const [kind, code] of kinds) {
    assert.equal(failureOf(new DbksvdError(kind, "Something")).code, code);
  }
  assert.equal(failureOf(new Stopped("SIGINT")).code, 130);
  assert.equal(failureOf(new Stopped("SIGTERM")).code, 143);
  assert.equal(failureOf(new Stopped("SIGHUP")).code, 129);
});

Deno.test("failureOf() keeps the place for --json", () => {
  const error = new DbksvdError("data", "Value is NaN", {
    where: { file: "a.parquet", column: "embedding", rowGroup: 2, row: 7 },
    mend: "drop such rows with --skip-invalid",
  });
  assert.deepEqual(failureOf(error), {
    code: 3,
    message:
      'Value is NaN (a.parquet, column "embedding", row group 2, row 7): drop such rows with --skip-invalid',
    document: {
      error: { kind: "data", message: error.message, where: error.where },
    },
  });
});

Deno.test("failureOf() puts anything else on one line", () => {
  assert.equal(failureOf(new Error("one\n  two\n")).message, "one two");
  assert.equal(failureOf("plain").message, "plain");
  assert.equal(failureOf(new Error("")).message, "Something went wrong");
});

Deno.test("failureOf() says what to do where the system refuses", async () => {
  const inTheWay = await Deno.readTextFile(".").catch((error) => error);
  assert.match(
    failureOf(inTheWay).message,
    /^Is a directory .*: a directory is where a file should be; move it away$/,
  );
});
