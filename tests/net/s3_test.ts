import assert from "node:assert/strict";
import { join } from "node:path";
import type { DbksvdError } from "../../src/errors.ts";
import { findFiles } from "../../src/rows/inputs.ts";
import { inDirectory } from "../directories.ts";
import { rowsOf, withRows } from "../rows/files.ts";
import { asRows, someNumbers, writeHyparquet } from "../rows/writers.ts";
import { S3Server } from "./s3_server.ts";

const WIDTH = 8;

/** Files of rows, one after the other. */
const parts = Array.from(
  { length: 3 },
  (_, i) => asRows(someNumbers(300 * WIDTH, i), WIDTH),
);

function fileOf(rows: number[][]): Promise<Uint8Array<ArrayBuffer>> {
  return inDirectory(async (directory) => {
    const file = `${directory}/rows.parquet`;
    writeHyparquet(file, rows, {});
    return await Deno.readFile(file);
  });
}

const files = await Promise.all(parts.map(fileOf));

/** A bucket with the files under these keys. */
function bucketOf(...keys: string[]): S3Server {
  const server = new S3Server("a-bucket");
  keys.forEach((key, i) => server.put(key, files[i % files.length]));
  return server;
}

async function keysOf(input: string): Promise<string[]> {
  return (await findFiles([input])).map((found) =>
    "place" in found ? decodeURIComponent(found.place.name) : ""
  ).map((name) => name.replace(/^.*\/a-bucket\//, ""));
}

async function refused(input: string, code: number, message: RegExp) {
  await assert.rejects(rowsOf(input), (error: DbksvdError) => {
    assert.match(error.message, message);
    assert.equal(error.exitCode, code, error.message);
    return true;
  });
}

Deno.test("a file of a bucket is read by ranges, every request signed, whatever its key holds", async () => {
  const keys = ["day=1/a b+c%20(1)'!*~é.parquet", "plain.parquet"];
  await using server = bucketOf(...keys);
  for (const [i, key] of keys.entries()) {
    // A star is a pattern's.
    if (key.includes("*")) continue;
    const { values } = await rowsOf(`s3://a-bucket/${key}`);
    assert.deepEqual(values, parts[i]);
  }
  const odd = await rowsOf("s3://a-bucket/day=1/*.parquet");
  assert.deepEqual(odd.values, parts[0]);
  assert.equal(server.vouched, server.seen.length);
  assert(server.seen.some(({ range }) => range !== null));
  assert(server.seen.every(({ method }) => method === "GET"));
});

Deno.test("rows of a bucket are known by its address, by which they are read again", async () => {
  await using server = bucketOf("day=1/a.parquet", "day=1/b c.parquet");
  const paths = await withRows(
    "s3://a-bucket/day=1/",
    {},
    ({ files }) => Promise.resolve(files.map(({ path }) => path)),
  );
  assert.deepEqual(paths, [
    "s3://a-bucket/day=1/a.parquet",
    "s3://a-bucket/day=1/b c.parquet",
  ]);
  for (const [i, path] of paths.entries()) {
    assert.deepEqual((await rowsOf(path)).values, parts[i]);
  }
  assert.equal(server.vouched, server.seen.length);
});

Deno.test("temporary credentials send their token, and it is signed", async () => {
  await using server = bucketOf("a.parquet");
  server.set({ AWS_SESSION_TOKEN: "FwoGZXIvYXdzEXAMPLE==" });
  assert.deepEqual((await rowsOf("s3://a-bucket/a.parquet")).values, parts[0]);
  assert.equal(server.vouched, server.seen.length);
});

Deno.test("prefixes and patterns name files page after page; others, and hidden ones, are left out", async () => {
  await using server = bucketOf(
    ...["x/2.parquet", "x/1.parquet", "x/y/3.parquet"],
    ...["x/notes.txt", "x/_tmp/4.parquet", "x/.5.parquet", "xy.parquet"],
  );
  server.put("x/", new Uint8Array());
  const all = ["x/1.parquet", "x/2.parquet", "x/y/3.parquet"];
  assert.deepEqual(await keysOf("s3://a-bucket/x"), all);
  assert.deepEqual(await keysOf("s3://a-bucket/x/"), all);
  assert.deepEqual(await keysOf("s3://a-bucket"), [...all, "xy.parquet"]);
  assert.deepEqual(
    await keysOf("s3://a-bucket/x/*.parquet"),
    [
      ...["x/.5.parquet", "x/1.parquet", "x/2.parquet"],
    ].filter((key) => !key.includes("/.")),
  );
  assert.deepEqual(await keysOf("s3://a-bucket/x/{1,2}.parquet"), [
    ...["x/1.parquet", "x/2.parquet"],
  ]);
  assert.deepEqual(
    (await rowsOf("s3://a-bucket/x")).values,
    [...parts[1], ...parts[0], ...parts[2]],
  );
  await withRows("s3://a-bucket/x/", {}, (source) => {
    assert.deepEqual(source.notRead, [
      {
        reason: "hidden",
        count: 2,
        paths: ["s3://a-bucket/x/.5.parquet", "s3://a-bucket/x/_tmp/4.parquet"],
      },
      { reason: "ending", count: 1, paths: ["s3://a-bucket/x/notes.txt"] },
    ]);
    return Promise.resolve();
  });
  await refused("s3://a-bucket/nothing/", 3, /No file of rows there .*s3:\/\//);
});

Deno.test("a public bucket is read without credentials; a private one refuses wrong or missing ones, exit 1", async () => {
  await using server = bucketOf("a.parquet");
  server.set({ AWS_SECRET_ACCESS_KEY: "another" });
  await refused("s3://a-bucket/a.parquet", 1, /403 .*AWS_SECRET_ACCESS_KEY/);
  server.set({ AWS_ACCESS_KEY_ID: undefined });
  await refused("s3://a-bucket/", 1, /403 .*AWS_ACCESS_KEY_ID/);
  server.isPrivate = false;
  const before = server.seen.length;
  assert.deepEqual((await rowsOf("s3://a-bucket/a.parquet")).values, parts[0]);
  const unsigned = server.seen.slice(before);
  assert(unsigned.every(({ headers }) => !headers.has("authorization")));
});

Deno.test("a bucket of another region is refused with its region, a missing key with its name", async () => {
  await using server = bucketOf("a.parquet");
  await refused("s3://a-bucket/b.parquet", 3, /404 .*a-bucket\/b\.parquet/);
  server.region = "us-west-2";
  for (const input of ["s3://a-bucket/a.parquet", "s3://a-bucket/"]) {
    await refused(
      input,
      3,
      /Bucket is in us-west-2 .*set AWS_REGION=us-west-2/,
    );
  }
  server.set({ AWS_REGION: undefined, AWS_DEFAULT_REGION: "us-west-2" });
  assert.deepEqual((await rowsOf("s3://a-bucket/a.parquet")).values, parts[0]);
});

Deno.test("without an endpoint of one's own, buckets are asked for at AWS, under their region's host", async () => {
  await using server = bucketOf();
  server.set({ AWS_ENDPOINT_URL: undefined });
  const hostOf = async (input: string) => {
    const [found] = await findFiles([input]);
    return "place" in found ? found.place.url : "";
  };
  assert.equal(
    await hostOf("s3://plain/a/b c.parquet"),
    "https://plain.s3.eu-central-1.amazonaws.com/a/b%20c.parquet",
  );
  assert.equal(
    await hostOf("s3://with.dots/a.parquet"),
    "https://s3.eu-central-1.amazonaws.com/with.dots/a.parquet",
  );
  server.set({
    AWS_ENDPOINT_URL_S3: "http://minio:9000/",
    AWS_REGION: undefined,
  });
  assert.equal(
    await hostOf("s3://plain/a.parquet"),
    "http://minio:9000/plain/a.parquet",
  );
  server.set({ AWS_ENDPOINT_URL_S3: "minio:9000" });
  await refused("s3://plain/a.parquet", 2, /AWS_ENDPOINT_URL is "minio:9000"/);
  await refused("s3://", 3, /Not a bucket .*s3:\/\/BUCKET\/KEY/);
});

Deno.test("commands read a bucket with their own permissions", async () => {
  await using server = bucketOf("a.parquet");
  const out = join(await Deno.makeTempDir(), "model");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "-P=rows-to-files", "src/cli/main.ts"],
      ...["train", "s3://a-bucket/a.parquet", "--dry-run", "--json"],
      ...["--atoms", "8", "--sparsity", "2", "--device", "cpu"],
      ...["--out", out],
    ],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stdout) + text(stderr));
  assert.equal(JSON.parse(text(stdout)).width, WIDTH);
  assert(server.vouched > 0);
});

Deno.test("a listing without end, and one that is none, are refused", async () => {
  await using server = bucketOf("a.parquet");
  const page = (inner: string) =>
    new Response(`<ListBucketResult>${inner}</ListBucketResult>`);
  server.fault = () => page("<NextContinuationToken>1</NextContinuationToken>");
  await refused("s3://a-bucket/", 3, /list of keys has no end/);
  // As services do that have the listing's first version only.
  server.fault = () =>
    page(
      "<IsTruncated>true</IsTruncated><NextMarker>a</NextMarker><Key>a.parquet</Key>",
    );
  await refused("s3://a-bucket/", 3, /breaks off after 1 /);
  server.fault = () => new Response("<html>upkeep</html>");
  await refused("s3://a-bucket/", 3, /no list of keys/);
});
