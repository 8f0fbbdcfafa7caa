import assert from "node:assert/strict";
import { PartsBody } from "../../src/net/parts_body.ts";
import { FaultServer } from "./fault_server.ts";

const parts = [300_000, 0, 5, 70_000].map((length, p) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + p) % 251)
);
const whole = new Uint8Array(await new Blob(parts).arrayBuffer());

Deno.test("a body in parts is sent with its length, and every byte that goes out is reported", async () => {
  await using server = new FaultServer();
  server.fault = () => new Response("");
  let reported = 0, counted = 0;
  const body = new PartsBody(parts, (bytes) => reported += bytes);
  assert.equal(body.size, whole.length);
  const response = await fetch(`${server.url}/x`, {
    method: "PUT",
    body: body.counted((bytes) => counted += bytes),
  });
  await response.body?.cancel();
  const [{ headers, bytes }] = server.seen;
  assert.equal(headers.get("content-length"), `${whole.length}`);
  assert.deepEqual(bytes, whole);
  assert.deepEqual([reported, counted], [whole.length, whole.length]);
});

Deno.test("slices of a body in parts are those of its bytes, and it is read as often as one likes", async () => {
  const body = new PartsBody(parts);
  const ranges = [[0, 10], [299_990, 300_003], [300_005, 370_005], [7, 7]];
  for (const [start, end] of ranges) {
    const slice = body.slice(start, end);
    assert.equal(slice.size, end - start);
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(
        await new Response(slice).bytes(),
        whole.slice(start, end),
      );
    }
  }
});
