import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { Connection } from "./client.ts";
import type { RequestOptions } from "./request.ts";
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

/** How far an upload is. */
export interface UploadProgress {
  /** Large files are looked at before they are sent. */
  phase: "hashing" | "sending";
  /** Their bytes, of all. */
  done: number;
  total: number;
}

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
 * Stores files in the hub's storage, those that it has not: through Git LFS, in parts where it wants that.
 *
 * @param repository whose storage
 * @param files what
 * @param hashes SHA-256 of each, by path
 * @param onProgress called with how far it is
 * @returns bytes sent
 */
export async function storeAll(
  repository: HubRepository,
  files: readonly HubFile[],
  hashes: ReadonlyMap<string, string>,
  onProgress?: (progress: UploadProgress) => void,
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
  const tell = (done: number) =>
    onProgress?.({ phase: "sending", done, total });
  for (const object of objectsIn(document, repository)) {
    const content = byHash.get(object.oid)?.content;
    if (content === undefined) throw unasked(repository);
    if (object.upload !== undefined) {
      const before = done;
      await store(repository, object, content, (bytes) => {
        tell(before + Math.min(bytes, content.size));
      });
      sent += content.size;
    }
    done += content.size;
    tell(done);
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

/** The objects of a list. */
export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
