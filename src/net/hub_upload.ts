import { createHash } from "node:crypto";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { pauseIfDue } from "../pause.ts";
import { Connection, type RequestOptions } from "./client.ts";
import { askHub, type HubRepository, posted } from "./hub_repository.ts";
import type { PartsBody } from "./parts_body.ts";
import { remotePlace } from "./place.ts";

/** A file for a repository. */
export interface HubFile {
  /** Its path there. */
  path: string;
  /** Its bytes. */
  content: PartsBody;
}

/** What an upload did. */
export interface HubCommit {
  /** The commit's page. */
  url: string;
  /** Its hash. */
  oid: string;
  /** Bytes sent to the hub's storage for large files; what it had already is not sent again. */
  sentBytes: number;
}

/** How an upload is followed. */
export interface UploadOptions {
  /** The commit's title. */
  summary: string;
  /** Called with the bytes of large files that are stored, of all. */
  onProgress?: (done: number, total: number) => void;
}

/** What the hub looks at to tell how a file is kept. */
const SAMPLE_BYTES = 512;

/** Megabytes that the system has taken may still be on their way: a slow line is given time for them. */
const STORING = { spanMs: 300_000, outageMs: 900_000 };

const LFS_TYPE = "application/vnd.git-lfs+json";

/** An object of the batch interface of Git LFS: what is to be done with it. */
interface LfsObject {
  oid: string;
  upload?: { href: string; header: Record<string, string> };
  verify?: { href: string };
}

/**
 * Commits files to a repository's main branch, all of them or none. Large ones go to the hub's storage first (Git LFS),
 * which keeps what it has by its hash: an upload that broke off goes on with the files that are missing.
 *
 * @param repository where to
 * @param files what
 * @param options the commit's title, a callback
 * @throws {DbksvdError} `run` where the hub cannot be reached, or refuses
 */
export async function uploadToHub(
  repository: HubRepository,
  files: readonly HubFile[],
  { summary, onProgress }: UploadOptions,
): Promise<HubCommit> {
  const large = await largeOf(repository, files);
  const { signal } = repository.options;
  const hashes = new Map<string, string>();
  for (const { path, content } of large) {
    hashes.set(path, await sha256Of(content, signal));
  }
  const sentBytes = await storeAll(repository, large, hashes, onProgress);
  const lines = [
    { key: "header", value: { summary, description: "" } },
    ...await Promise.all(files.map(async ({ path, content }) => {
      const oid = hashes.get(path);
      return oid === undefined
        ? {
          key: "file",
          value: { path, content: await base64Of(content), encoding: "base64" },
        }
        : {
          key: "lfsFile",
          value: { path, algo: "sha256", size: content.size, oid },
        };
    })),
  ];
  const { document } = await repository.ask(
    `/api/models/${repository.name}/commit/main`,
    {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
    },
  );
  const { commitUrl, commitOid } = document;
  return { url: `${commitUrl}`, oid: `${commitOid}`, sentBytes };
}

// Which files the hub wants to keep outside of Git.
async function largeOf(
  repository: HubRepository,
  files: readonly HubFile[],
): Promise<HubFile[]> {
  const asked = await Promise.all(files.map(async ({ path, content }) => ({
    path,
    size: content.size,
    sample: await base64Of(content.slice(0, SAMPLE_BYTES)),
  })));
  const { document } = await repository.ask(
    `/api/models/${repository.name}/preupload/main`,
    posted({ files: asked }),
  );
  const modes = new Map(
    listOf(document.files).map(({ path, uploadMode }) => [path, uploadMode]),
  );
  return files.filter(({ path }) => {
    const mode = modes.get(path);
    if (mode === "lfs" || mode === "regular") return mode === "lfs";
    throw new DbksvdError("run", `Hub does not say how it keeps ${path}`, {
      where: { file: repository.url },
      mend: "try again later; check HF_ENDPOINT",
    });
  });
}

async function storeAll(
  repository: HubRepository,
  files: readonly HubFile[],
  hashes: ReadonlyMap<string, string>,
  onProgress: UploadOptions["onProgress"],
): Promise<number> {
  if (files.length === 0) return 0;
  const byHash = new Map(files.map((file) => [hashes.get(file.path)!, file]));
  const objects = [...byHash].map(([oid, { content }]) => ({
    oid,
    size: content.size,
  }));
  const total = objects.reduce((sum, { size }) => sum + size, 0);
  const { document } = await repository.ask(
    `/${repository.name}.git/info/lfs/objects/batch`,
    posted({
      operation: "upload",
      transfers: ["basic", "multipart"],
      hash_algo: "sha_256",
      ref: { name: "main" },
      objects,
    }, LFS_TYPE),
  );
  let done = 0, sent = 0;
  for (const object of objectsIn(document, repository)) {
    const content = byHash.get(object.oid)?.content;
    if (content === undefined) throw unasked(repository);
    if (object.upload !== undefined) {
      const before = done;
      await store(repository, object, content, (bytes) => {
        onProgress?.(Math.min(before + bytes, before + content.size), total);
      });
      sent += content.size;
    }
    done += content.size;
    onProgress?.(done, total);
  }
  return sent;
}

function unasked({ url }: HubRepository): DbksvdError {
  return new DbksvdError("run", "Hub names a file that nobody asked for", {
    where: { file: url },
    mend: "try again later; check HF_ENDPOINT",
  });
}

async function store(
  repository: HubRepository,
  { oid, upload, verify }: LfsObject,
  content: PartsBody,
  onSent: (bytes: number) => void,
): Promise<void> {
  const { options } = repository;
  const { href, header } = upload!;
  const chunkBytes = Number(header.chunk_size ?? NaN);
  if (chunkBytes > 0) {
    await storeInParts({ oid, href, header }, content, chunkBytes, {
      options,
      onSent,
    });
  } else await put(href, content, options, onSent);
  if (verify === undefined) return;
  const asked = posted({ oid, size: content.size }, LFS_TYPE);
  await askHub(repository.placeOf(verify.href), asked, options);
}

async function storeInParts(
  { oid, href, header }: { oid: string } & NonNullable<LfsObject["upload"]>,
  content: PartsBody,
  chunkBytes: number,
  { options, onSent }: {
    options: RequestOptions;
    onSent: (bytes: number) => void;
  },
): Promise<void> {
  const count = Math.ceil(content.size / chunkBytes);
  const addresses = Object.entries(header)
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b));
  if (addresses.length !== count) {
    throw new DbksvdError("run", "Hub gives another number of parts", {
      where: { file: href.split("?")[0] },
      mend: "try again later",
    });
  }
  const parts: { partNumber: number; etag: string }[] = [];
  for (const [i, [key, address]] of addresses.entries()) {
    const start = i * chunkBytes;
    const part = content.slice(
      start,
      Math.min(content.size, start + chunkBytes),
    );
    const headers = await put(
      address,
      part,
      options,
      (bytes) => onSent(start + bytes),
    );
    parts.push({ partNumber: Number(key), etag: headers.get("etag") ?? "" });
  }
  await askHub(remotePlace(href), posted({ oid, parts }, LFS_TYPE), options);
}

// To an address that the hub has signed: it is sent nothing but the bytes.
async function put(
  address: string,
  content: PartsBody,
  options: RequestOptions,
  onSent: (bytes: number) => void,
): Promise<Headers> {
  const connection = new Connection(remotePlace(address), {
    ...options,
    retry: { ...STORING, ...options.retry },
    credentials: "run it again: addresses for storing are signed for a while",
  });
  return await connection.persist(async (attempt) => {
    let sent = 0;
    const response = await attempt.ask({
      method: "PUT",
      body: content.counted((bytes) => onSent(sent += bytes)),
    });
    await response.body?.cancel();
    return response.headers;
  });
}

function objectsIn(
  document: Record<string, unknown>,
  repository: HubRepository,
): LfsObject[] {
  return listOf(document.objects).map((object) => {
    const { oid, error, actions } = object;
    if (isJsonObject(error)) {
      throw new DbksvdError("run", `Hub's storage refuses: ${error.message}`, {
        where: { file: repository.url },
        mend: "try again later",
      });
    }
    const { upload, verify } = isJsonObject(actions) ? actions : {};
    return {
      oid: `${oid}`,
      ...isAction(upload) && {
        upload: { href: upload.href, header: textsOf(upload.header) },
      },
      ...isAction(verify) && { verify },
    };
  });
}

function isAction(
  value: unknown,
): value is { href: string; header?: unknown } {
  return isJsonObject(value) && typeof value.href === "string";
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {})
      .map(([key, text]) => [key, `${text}`]),
  );
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

async function sha256Of(
  content: PartsBody,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash("sha256");
  for (const piece of content.pieces()) {
    hash.update(piece);
    await pauseIfDue(signal);
  }
  return hash.digest("hex");
}

async function base64Of(content: PartsBody): Promise<string> {
  return (await new Response(content).bytes()).toBase64();
}
