import { AwsV4Signer } from "aws4fetch";
import { matchesGlob } from "node:path";
import { DbksvdError } from "../errors.ts";
import { Connection } from "./client.ts";
import type { RequestOptions } from "./request.ts";
import { type RemotePlace, remotePlace, variable } from "./place.ts";
import { type LeftOut, whyLeftOut } from "./left_out.ts";

const MOST_PAGES = 10_000;
const PAGE_BYTES = 64 * 2 ** 20;
const ADVICE =
  "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) of one who may read and list it, and AWS_REGION";

/** A bucket, and where it is asked for. */
interface Bucket {
  /** As the user gave it. */
  input: string;
  name: string;
  /** What the bucket's keys are appended to; without a slash at its end. */
  base: string;
  region: string;
}

/**
 * The files that `s3://BUCKET/KEY` names; KEY may be that of a file, a prefix as a folder or a glob. Credentials and
 * region come from AWS_* variables; without credentials requests are not signed, as public buckets take them.
 * AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL, names another service with S3's interface.
 *
 * @param input the address
 * @param known whether a key is that of a file of rows
 * @param notRead called with what lies under a prefix and is not taken, by its address
 * @param options how the service is asked
 * @throws {Unreachable} where it cannot be asked now, or refuses the credentials
 * @throws {DbksvdError} `data` where the address names nothing
 */
export async function resolveS3(
  input: string,
  known: (path: string) => boolean,
  notRead: LeftOut,
  options: RequestOptions = {},
): Promise<RemotePlace[]> {
  const { bucket, key } = parseS3(input);
  const wild = key.search(/[*?[{]/);
  if (wild < 0 && known(key)) return [fileOf(bucket, key)];
  const prefix = wild < 0
    ? key.replace(/\/?$/, key === "" ? "" : "/")
    : key.slice(0, wild);
  const keys = (await listKeys(bucket, prefix, options)).filter((found) => {
    if (wild >= 0) return matchesGlob(found, key) && known(found);
    // What ends with a slash stands for a folder.
    if (found.endsWith("/")) return false;
    const reason = whyLeftOut(found.slice(prefix.length), known);
    if (reason !== undefined) notRead(reason, addressOf(bucket, found));
    return reason === undefined;
  });
  if (keys.length === 0) throw s3Error(input, "No file of rows there");
  return keys.sort().map((found) => fileOf(bucket, found));
}

/**
 * One file of a bucket, whatever signs its key has.
 *
 * @param address `s3://BUCKET/KEY`
 */
export function s3File(address: string): RemotePlace {
  const { bucket, key } = parseS3(address);
  return fileOf(bucket, key);
}

function parseS3(input: string): { bucket: Bucket; key: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]*)(?:\/(.*))?$/i.exec(input);
  if (match === null) {
    throw s3Error(input, "Not a bucket", "s3://BUCKET/KEY");
  }
  const [, name, key = ""] = match;
  return { bucket: bucketOf(input, name), key };
}

function bucketOf(input: string, name: string): Bucket {
  const endpoint = variable("AWS_ENDPOINT_URL_S3") ??
    variable("AWS_ENDPOINT_URL");
  const region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ??
    "us-east-1";
  if (endpoint !== undefined) {
    if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
      throw new DbksvdError("usage", `AWS_ENDPOINT_URL is "${endpoint}"`, {
        mend: "give the address of a service, as https://host",
      });
    }
    const base = `${endpoint.replace(/\/+$/, "")}/${name}`;
    return { input, name, base, region };
  }
  // A dot in a bucket's name fits no certificate as part of the host's.
  const base = name.includes(".")
    ? `https://s3.${region}.amazonaws.com/${name}`
    : `https://${name}.s3.${region}.amazonaws.com`;
  return { input, name, base, region };
}

// Known by the bucket's address, not by that of the service: who reads it again signs again.
function fileOf(bucket: Bucket, key: string): RemotePlace {
  const place = placeAt(bucket, `${bucket.base}/${escapeKey(key)}`);
  return { ...place, name: addressOf(bucket, key) };
}

function addressOf({ name }: Bucket, key: string): string {
  return `s3://${name}/${key}`;
}

function placeAt(bucket: Bucket, url: string): RemotePlace {
  const { region } = bucket;
  return {
    ...remotePlace(url),
    sign: (url, method) => signed(url, method, region),
    credentials: ADVICE,
    explain: (response) => explained(response, bucket),
  };
}

async function signed(
  url: string,
  method: string,
  region: string,
): Promise<Record<string, string>> {
  const accessKeyId = variable("AWS_ACCESS_KEY_ID");
  const secretAccessKey = variable("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  const sessionToken = variable("AWS_SESSION_TOKEN");
  const { headers } = await new AwsV4Signer({
    ...{ url, method, region, service: "s3" },
    ...{ accessKeyId, secretAccessKey },
    ...sessionToken !== undefined && { sessionToken },
  }).sign();
  return Object.fromEntries(headers);
}

// A bucket of another region is known by a header, whatever the status.
function explained(
  { headers }: Response,
  { input, region }: Bucket,
): DbksvdError | undefined {
  const own = headers.get("x-amz-bucket-region");
  if (own === null || own === region) return undefined;
  return s3Error(input, `Bucket is in ${own}`, `set AWS_REGION=${own}`);
}

async function listKeys(
  bucket: Bucket,
  prefix: string,
  options: RequestOptions,
): Promise<string[]> {
  const keys: string[] = [];
  const tokens = new Set<string>();
  let token: string | undefined;
  while (true) {
    const url = `${bucket.base}/?${
      query({
        ...token !== undefined && { "continuation-token": token },
        "encoding-type": "url",
        "list-type": "2",
        prefix,
      })
    }`;
    const page = pageOf(await askText(placeAt(bucket, url), options));
    if (page === undefined) {
      throw s3Error(bucket.input, "The answer is no list of keys");
    }
    keys.push(...page.keys);
    token = page.next;
    // A service that goes on in another way than was asked for: the rest of its keys would be lost.
    if (token === undefined && page.isCutOff) {
      throw s3Error(
        bucket.input,
        `The list of keys breaks off after ${keys.length}`,
        "name fewer keys, by a longer prefix, or one by one",
      );
    }
    if (token === undefined) return keys;
    if (tokens.has(token) || tokens.size === MOST_PAGES) {
      throw s3Error(bucket.input, "The list of keys has no end");
    }
    tokens.add(token);
  }
}

async function askText(
  place: RemotePlace,
  options: RequestOptions,
): Promise<string> {
  return await new Connection(place, options).persist(async (attempt) => {
    const response = await attempt.ask({});
    const bytes = await attempt.bytes(response, PAGE_BYTES);
    return new TextDecoder().decode(bytes);
  });
}

interface Page {
  keys: string[];
  /** Whether there are more. */
  isCutOff: boolean;
  /** What the next page is asked for with. */
  next: string | undefined;
}

// Keys come encoded as in URLs, so that nothing of XML is in them.
function pageOf(
  text: string,
): Page | undefined {
  if (!/<ListBucketResult[\s>]/.test(text)) return undefined;
  const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)]
    .map(([, key]) => decodeKey(key));
  const next = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/
    .exec(text)?.[1];
  return keys.every((key) => key !== undefined)
    ? {
      keys,
      isCutOff: /<IsTruncated>\s*true\s*<\/IsTruncated>/i.test(text),
      next: next?.replaceAll("&amp;", "&"),
    }
    : undefined;
}

function decodeKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function query(parameters: Record<string, string>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${escapeAll(value)}`).join("&");
}

function escapeKey(key: string): string {
  return key.split("/").map(escapeAll).join("/");
}

// As signatures have it: all but letters, digits and -._~.
function escapeAll(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function s3Error(
  file: string,
  what: string,
  mend = `check the address, or ${ADVICE}`,
): DbksvdError {
  return new DbksvdError("data", what, { where: { file }, mend });
}
