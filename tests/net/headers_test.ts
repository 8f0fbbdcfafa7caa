import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { InputHeaders } from "../../src/net/headers.ts";
import { remotePlace } from "../../src/net/place.ts";

const TWO = ["https://a.example/x.parquet", "https://b.example/y.parquet"];

function usage(message: RegExp) {
  return (error: unknown) => {
    assert(error instanceof DbksvdError && error.kind === "usage");
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  };
}

Deno.test("a header line that names a host goes to that host alone", () => {
  const headers = InputHeaders.of(
    TWO,
    "https://a.example X-Key: secret: one\nhttps://b.example:444 X-Key: two\n",
  );
  const of = (url: string) => remotePlace(url, headers).headers;
  assert.deepEqual(of(TWO[0]), { "x-key": "secret: one" });
  assert.deepEqual(of(TWO[1]), {});
  assert.deepEqual(of("https://b.example:444/z"), { "x-key": "two" });
  assert.deepEqual(of("http://a.example/z"), {});
});

Deno.test("a line without a host goes to the only host among the inputs; with several it is refused", () => {
  const line = "Authorization: secret";
  const alone = InputHeaders.of([TWO[0], TWO[0], "local.parquet"], line);
  assert.deepEqual(remotePlace(TWO[0], alone).headers, {
    authorization: "secret",
  });
  assert.deepEqual(remotePlace("https://hook.example/", alone).headers, {});
  assert.throws(
    () => InputHeaders.of(TWO, line),
    usage(/inputs have 2.*"https:\/\/a\.example authorization: …"/),
  );
  assert.throws(
    () => InputHeaders.of([TWO[0], "hf://datasets/o/n/data"], line),
    usage(/inputs have 2/),
  );
  assert.throws(
    () => InputHeaders.of(TWO, "no header secret"),
    usage(/Line 1.*https:\/\/host Name: value/),
  );
});
