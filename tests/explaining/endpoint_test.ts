import assert from "node:assert/strict";
import { endpointAt } from "../../src/explaining/endpoint.ts";

Deno.test("texts and keys go over https, or to this machine", () => {
  const places: [string, string][] = [
    ["https://api.example/v1", "https://api.example/v1/chat/completions"],
    ["https://api.example/v1/", "https://api.example/v1/chat/completions"],
    [
      "https://api.example/a/chat/completions?api-version=2",
      "https://api.example/a/chat/completions?api-version=2",
    ],
    ["http://localhost:11434/v1", "http://localhost:11434/v1/chat/completions"],
    ["http://127.9.9.9", "http://127.9.9.9/chat/completions"],
    ["http://[::1]:8/v1", "http://[::1]:8/v1/chat/completions"],
  ];
  for (const [address, url] of places) {
    assert.equal(endpointAt(address).place.url, url);
  }
  const refused = [
    ...["http://api.example/v1", "http://192.168.0.9/v1"],
    ...["http://localhost.example/v1", "http://127.0.0.1.example/v1"],
    ...[
      "ftp://api.example",
      "api.example/v1",
      "",
      "https://u:p@api.example/v1",
    ],
  ];
  for (const address of refused) {
    assert.throws(() => endpointAt(address), { kind: "usage" }, address);
  }
  for (const key of ["two words", "line\nX-Evil: 1", ""]) {
    assert.throws(
      () => endpointAt("https://a.example", key),
      (error: Error) => {
        assert(!error.message.includes("Evil"));
        return true;
      },
    );
  }
});
