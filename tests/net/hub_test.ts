import assert from "node:assert/strict";
import { DbksvdError } from "../../src/errors.ts";
import { InputHeaders } from "../../src/net/headers.ts";
import { resolveHub } from "../../src/net/hub.ts";
import { openRemote } from "../../src/net/open.ts";
import { Unreachable } from "../../src/net/unreachable.ts";
import { placeOf } from "../../src/rows/inputs.ts";
import { type Fault, FaultServer, silence, status } from "./fault_server.ts";
import { HubServer } from "./hub_server.ts";

const FILES = [
  "data/test-00000.parquet",
  "data/train-00000.parquet",
  "data/train-00001.parquet",
  "data/readme.md",
  "other/train-00000.parquet",
];
const QUICK = {
  retry: { attempts: 4, wait: () => 1, spanMs: 100, outageMs: 200 },
};
const isRows = (path: string) => path.endsWith(".parquet");

function hub(fault?: Fault): HubServer {
  const server = new HubServer("o/n");
  for (const path of FILES) server.put(path, new Uint8Array(10));
  if (fault !== undefined) {
    server.fault = (request, count, sound) =>
      fault(request, count, sound) ?? server.hub(request);
  }
  return server;
}

async function found(
  path: string,
  leftOut: string[] = [],
): Promise<string[]> {
  const files = await resolveHub(
    `hf://datasets/o/n${path}`,
    isRows,
    (reason, address) => leftOut.push(`${reason} ${address}`),
    undefined,
    QUICK,
  );
  return files.map(({ name }) => name.split("/resolve/main/")[1]);
}

Deno.test("hub listings: folders, the patterns that local paths take, all pages", async () => {
  await using server = hub();
  server.put("data/_unfinished/b.parquet", new Uint8Array(10));
  const leftOut: string[] = [];
  assert.deepEqual(await found("/data", leftOut), FILES.slice(0, 3));
  assert.deepEqual(
    leftOut.map((one) => one.replace(/http.*main/, "…")).sort(),
    [
      "ending …/data/readme.md",
      "hidden …/data/_unfinished/b.parquet",
    ],
  );
  assert.deepEqual(
    await found("/data/train-?????.parquet"),
    FILES.slice(1, 3),
  );
  assert.deepEqual(
    await found("/data/{train,test}*.parquet"),
    FILES.slice(0, 3),
  );
  assert.deepEqual(await found("/data/train-0000[1-9].parquet"), [FILES[2]]);
  assert.deepEqual(
    await found("/**/train-00000.parquet"),
    [FILES[1], FILES[4]],
  );
  await assert.rejects(found("/data/*.npy"), /No file of rows there/);
  await assert.rejects(found("@100%/data"), /escaped wrongly/);
});

Deno.test("a hub that is busy is waited for; what cannot be asked now is no bad input", async () => {
  {
    await using server = hub((_, count) =>
      count < 3 ? status(429, { "retry-after": "0" }) : undefined
    );
    assert.equal((await found("/data")).length, 3);
    assert(server.seen.length > 3);
  }
  const unreachable: [RegExp, Fault][] = [
    [/answers 503/, () => status(503)],
    [/answers 401.*HF_TOKEN/, () => status(401)],
    [/a web page in place of JSON/, () => new Response("<html>soon</html>")],
    [/something else in place of JSON/, () => new Response("{")],
    [/nothing for/, () => silence()],
  ];
  for (const [message, fault] of unreachable) {
    await using _server = hub(fault);
    await assert.rejects(found("/data"), (error: Error) => {
      assert(error instanceof Unreachable, error.message);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("a hub's listing leads nowhere else and has an end", async () => {
  const faults: [RegExp, Fault][] = [
    [/no list of files/, () => Response.json({ error: "x" })],
    [/no list of files/, () => Response.json([{ type: "file", path: 7 }])],
    [
      /outside the dataset/,
      () => Response.json([{ type: "file", path: "../../x.parquet" }]),
    ],
    [
      /outside the dataset/,
      () =>
        Response.json([{
          type: "file",
          path: "http://evil.example/x.parquet",
        }]),
    ],
    [/has no end/, (request) =>
      Response.json([], {
        headers: { link: `<${request.url}>; rel="next"` },
      })],
    [/another host/, () =>
      Response.json([], {
        headers: { link: '<http://evil.example/>; rel="next"' },
      })],
    [/answers 404/, () => status(404)],
  ];
  for (const [message, fault] of faults) {
    await using _server = hub(fault);
    await assert.rejects(found("/data"), (error: Error) => {
      assert(error instanceof DbksvdError && error.kind === "data");
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("the hub's token goes to the hub, an input's header to its host", async () => {
  await using server = hub();
  server.token = "secret";
  Deno.env.set("HF_TOKEN", "secret");
  const headers = InputHeaders.of(
    ["hf://datasets/o/n/data", "https://a.example/x"],
    "https://a.example X-Key: k",
  );
  const [file] = await resolveHub(
    "hf://datasets/o/n/data",
    isRows,
    () => {},
    headers,
    QUICK,
  );
  assert.deepEqual(file.headers, { authorization: "Bearer secret" });
  assert(server.seen.every(({ headers }) => !headers.has("x-key")));
});

Deno.test("an https address of the hub gets the token, as hf:// does, and no other address", async () => {
  await using server = hub();
  Deno.env.set("HF_TOKEN", "secret");
  const tokenFor = (address: string, endpoint: string) => {
    Deno.env.set("HF_ENDPOINT", endpoint);
    return placeOf(address).headers.authorization;
  };
  const file = "/datasets/o/n/resolve/main/a.parquet";
  const hubs = ["https://hub.example", "https://x.example/hub/", server.url];
  for (const endpoint of hubs) {
    const base = endpoint.replace(/\/$/, "");
    assert.equal(tokenFor(base + file, endpoint), "Bearer secret");
    assert.equal(tokenFor(`${base}/api/datasets/o`, endpoint), "Bearer secret");
    assert.equal(tokenFor(`${base}/o/a.parquet`, endpoint), undefined);
  }
  const others: [address: string, endpoint: string][] = [
    [`https://hub.example.evil.example${file}`, hubs[0]],
    [`https://hub.example:444${file}`, hubs[0]],
    [`http://hub.example${file}`, hubs[0]],
    [`http://hub.example${file}`, "http://hub.example"],
    [`http://127.evil.example${file}`, "http://127.evil.example"],
    [`https://x.example${file}`, hubs[1]],
    [`https://hub.example/x${file.replace("resolve", "raw")}`, hubs[0]],
  ];
  for (const [address, endpoint] of others) {
    assert.equal(tokenFor(address, endpoint), undefined, address);
  }
  const own = tokenFor(`https://me:pass@hub.example${file}`, hubs[0]);
  assert.match(own!, /^Basic /);
});

Deno.test("a hub over plain http is not sent the token, first or later, and where it wants one this is said", async () => {
  await using server = hub();
  Deno.env.set("HF_TOKEN", "secret");
  // This machine by an address that is not known to be its own.
  const endpoint = server.url.replace("127.0.0.1", "0.0.0.0");
  Deno.env.set("HF_ENDPOINT", endpoint);
  assert.equal((await found("/data")).length, 3);
  const [file] = await resolveHub(
    "hf://datasets/o/n/data/test-00000.parquet",
    isRows,
    () => {},
  );
  const again = placeOf(file.url);
  for (const place of [file, again]) {
    assert.equal((await openRemote(place, QUICK, 100)).size, 10);
  }
  assert(server.seen.length >= 3);
  for (const { headers } of server.seen) {
    assert.equal(headers.get("authorization"), null);
  }
  server.token = "secret";
  const refusal = /answers 401.*HF_TOKEN was not sent.*https/;
  await assert.rejects(found("/data"), refusal);
  for (const place of [file, again]) {
    await assert.rejects(openRemote(place, QUICK, 100), refusal);
  }
});

Deno.test("the token of an https address of the hub does not follow where the hub redirects to", async () => {
  await using storage = new FaultServer();
  storage.files.set("/a.parquet", new Uint8Array(10));
  await using server = hub((request) =>
    request.url.includes("/resolve/")
      ? Response.redirect(`${storage.url}/a.parquet`)
      : undefined
  );
  Deno.env.set("HF_TOKEN", "secret");
  const place = placeOf(`${server.url}/datasets/o/n/resolve/main/a.parquet`);
  assert.equal((await openRemote(place, QUICK, 100)).size, 10);
  const given = ({ seen }: FaultServer) =>
    seen.map(({ headers }) => headers.get("authorization"));
  assert.deepEqual(given(server), ["Bearer secret"]);
  assert.deepEqual(given(storage), [null]);
});
