import assert from "node:assert/strict";
import { Connection } from "../../src/net/client.ts";
import { PartsBody } from "../../src/net/parts_body.ts";
import { remotePlace } from "../../src/net/place.ts";

/** More than a system takes before it waits for the reader. */
const BYTES = 24 * 2 ** 20;
/** Read slowly: longer than a span in which something has to come. */
const SLOWLY = 14 * 2 ** 20;

// A server that reads a body slowly at first, and answers when it has all of it.
async function serveOne(listener: Deno.Listener): Promise<void> {
  const connection = await listener.accept();
  const piece = new Uint8Array(2 ** 17);
  for (let read = 0; read < BYTES;) {
    if (read < SLOWLY) await new Promise((done) => setTimeout(done, 20));
    const count = await connection.read(piece);
    if (count === null) break;
    read += count;
  }
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  await connection.write(new TextEncoder().encode(answer));
  connection.close();
}

Deno.test("a body that a server takes slowly gets on: it is not given up", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  const served = serveOne(listener);
  const connection = new Connection(remotePlace(`http://127.0.0.1:${port}/x`), {
    retry: { spanMs: 1000, attempts: 1 },
  });
  const body = new PartsBody([new Uint8Array(BYTES)]);
  const status = await connection.persist(async (attempt) => {
    const response = await attempt.ask({ method: "PUT", body });
    await response.body?.cancel();
    return response.status;
  });
  assert.equal(status, 200);
  await served;
  listener.close();
});
