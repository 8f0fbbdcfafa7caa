import { createHash, createHmac } from "node:crypto";
import { FaultServer, status } from "./fault_server.ts";

const VARIABLES = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: undefined,
  AWS_REGION: "eu-central-1",
  AWS_DEFAULT_REGION: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_ENDPOINT_URL_S3: undefined,
} as const;

/** A stand-in for S3: a bucket with files, signatures (version 4) that are checked, and listings in pages. */
export class S3Server extends FaultServer {
  /** Keys of a page of the listing. */
  pageKeys = 2;
  /** Whether requests have to be signed. */
  isPrivate = true;
  region = "eu-central-1";
  /** Signatures that were right. */
  vouched = 0;
  readonly #before = Object.keys(VARIABLES)
    .map((name) => [name, Deno.env.get(name)] as const);

  constructor(readonly bucket: string) {
    super();
    this.set({ ...VARIABLES, AWS_ENDPOINT_URL: this.url });
    this.fault = (request) => this.s3(request);
  }

  /** Sets variables of the environment, or takes them away; all are as they were at the end. */
  set(variables: Partial<Record<keyof typeof VARIABLES, string | undefined>>) {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }

  /** Puts a file into the bucket. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.files.set(`/${this.bucket}/${key}`, bytes);
  }

  /** The service's own answers. */
  s3(request: Request): Response | undefined {
    const given = request.headers.get("authorization");
    if (given !== null || this.isPrivate) {
      const region = /Credential=[^/]+\/\d+\/([^/]+)/.exec(given ?? "")?.[1];
      if (region !== undefined && region !== this.region) {
        return status(400, { "x-amz-bucket-region": this.region });
      }
      if (!isVouchedFor(request, given ?? "")) return status(403);
      this.vouched++;
    }
    const { pathname, searchParams } = new URL(request.url);
    return pathname === `/${this.bucket}/`
      ? this.#list(searchParams)
      : undefined;
  }

  #list(asked: URLSearchParams): Response {
    const folder = `/${this.bucket}/`;
    const keys = [...this.files.keys()].map((path) => path.slice(folder.length))
      .filter((key) => key.startsWith(asked.get("prefix") ?? "")).sort();
    const from = Number(atob(asked.get("continuation-token") ?? ""));
    const to = from + this.pageKeys;
    const more = to < keys.length
      ? `<NextContinuationToken>${btoa(`${to}`)}</NextContinuationToken>`
      : "";
    const contents = keys.slice(from, to).map((key) =>
      `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size></Contents>`
    );
    return new Response(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Prefix></Prefix>${more}${
        contents.join("")
      }</ListBucketResult>`,
      { headers: { "content-type": "application/xml" } },
    );
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.set(Object.fromEntries(this.#before));
    await super[Symbol.asyncDispose]();
  }
}

// AWS's Signature Version 4, as its documentation has the checking of it.
function isVouchedFor({ url, method, headers }: Request, given: string) {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
      .exec(given);
  if (match === null || match[1] !== VARIABLES.AWS_ACCESS_KEY_ID) return false;
  const [, , scope, day, region, names, signature] = match;
  const signed = names.split(";");
  const token = Deno.env.get("AWS_SESSION_TOKEN");
  const needed = [
    ...["host", "x-amz-content-sha256", "x-amz-date"],
    ...token === undefined ? [] : ["x-amz-security-token"],
  ];
  if (!needed.every((name) => signed.includes(name))) return false;
  if ((headers.get("x-amz-security-token") ?? undefined) !== token) {
    return false;
  }
  const { pathname, search, host } = new URL(url);
  const valueOf = (name: string) =>
    name === "host" ? host : headers.get(name)!.trim();
  const canonical = [
    method,
    pathname,
    search.slice(1).split("&").sort().join("&"),
    ...signed.map((name) => `${name}:${valueOf(name)}`),
    "",
    names,
    headers.get("x-amz-content-sha256"),
  ].join("\n");
  const date = headers.get("x-amz-date")!;
  const text = [
    "AWS4-HMAC-SHA256",
    date,
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const mac = (key: string | Uint8Array, data: string) =>
    createHmac("sha256", key).update(data).digest();
  const secret = `AWS4${VARIABLES.AWS_SECRET_ACCESS_KEY}`;
  const key = mac(mac(mac(mac(secret, day), region), "s3"), "aws4_request");
  return date.startsWith(day) && mac(key, text).toHex() === signature;
}
