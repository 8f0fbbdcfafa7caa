import { createHash } from "node:crypto";
import { DbksvdError } from "../errors.ts";
import { pauseIfDue } from "../pause.ts";
import { type HubRepository, posted } from "./hub_repository.ts";
import {
  type HubFile,
  listOf,
  storeAll,
  type UploadProgress,
} from "./hub_storage.ts";
import type { PartsBody } from "./parts_body.ts";

export type { HubFile, UploadProgress } from "./hub_storage.ts";

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
  /** Paths of files that the commit takes away. */
  removed?: readonly string[];
  /** Called with how far it is. */
  onProgress?: ((progress: UploadProgress) => void) | undefined;
}

/** What the hub looks at to tell how a file is kept. */
const SAMPLE_BYTES = 512;

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
  { summary, removed = [], onProgress }: UploadOptions,
): Promise<HubCommit> {
  const large = await largeOf(repository, files);
  const hashes = await hashesOf(repository, large, onProgress);
  const sentBytes = await storeAll(repository, large, hashes, onProgress);
  const lines = [
    { key: "header", value: { summary, description: "" } },
    ...removed.map((path) => ({ key: "deletedFile", value: { path } })),
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

async function hashesOf(
  { options: { signal } }: HubRepository,
  files: readonly HubFile[],
  onProgress: UploadOptions["onProgress"],
): Promise<Map<string, string>> {
  const total = files.reduce((sum, { content }) => sum + content.size, 0);
  const hashes = new Map<string, string>();
  let done = 0;
  for (const { path, content } of files) {
    const hash = createHash("sha256");
    for (const piece of content.pieces()) {
      hash.update(piece);
      done += piece.length;
      onProgress?.({ phase: "hashing", done, total });
      await pauseIfDue(signal);
    }
    hashes.set(path, hash.digest("hex"));
  }
  return hashes;
}

async function base64Of(content: PartsBody): Promise<string> {
  return (await new Response(content).bytes()).toBase64();
}
