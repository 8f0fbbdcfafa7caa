import { createHash } from "node:crypto";
import { FaultServer, type Seen, status } from "./fault_server.ts";

/** A repository of the stand-in. */
interface Repository {
  private: boolean;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  commits: string[];
}

/**
 * A stand-in for the part of the hub that takes models: repositories, storage for large files (Git LFS) at another
 * host, commits; and faults as any {@linkcode FaultServer}. It is held to the hub's own library by a slow test.
 */
export class HubModels extends FaultServer {
  readonly repositories = new Map<string, Repository>();
  readonly storage = new Map<string, Uint8Array<ArrayBuffer>>();
  /** What the hub would not bear, seen so far. */
  readonly flaws: string[] = [];
  /** Larger files are stored in parts of so many bytes. */
  partBytes = Infinity;
  /** Where it wants to know that a file is stored: at its own host, or at the storage's. */
  verifies?: "hub" | "storage";
  /** Files that it knows of. */
  readonly verified: string[] = [];
  /** What a repository is made as, whatever was asked for. */
  makes?: "private" | "public";
  readonly #parts = new Map<string, Uint8Array<ArrayBuffer>[]>();
  readonly #before = ["HF_ENDPOINT", "HF_TOKEN"].map((name) =>
    [name, Deno.env.get(name)] as const
  );

  constructor(readonly token = "hf_secret") {
    super();
    Deno.env.set("HF_ENDPOINT", this.url);
    Deno.env.set("HF_TOKEN", token);
    this.fault = (_, count) => this.hub(this.seen[count - 1]);
  }

  /** A file of a repository as text. */
  text(name: string, path: string): string {
    return new TextDecoder().decode(
      this.repositories.get(name)!.files.get(path),
    );
  }

  /** The hub's own answer. */
  hub({ method, path, headers, body, bytes }: Seen): Response {
    const isStorage = path.startsWith("/storage/");
    const given = headers.get("authorization");
    if (isStorage) {
      if (given !== null) this.flaws.push("the storage was sent the token");
      return this.#store(method, path.slice("/storage/".length), headers, {
        body,
        bytes,
      });
    }
    if (path.startsWith("/verify/")) {
      return this.#verify(path.slice("/verify/".length), given, body);
    }
    if (given !== `Bearer ${this.token}`) return status(401);
    if (method === "POST" && path === "/api/repos/create") {
      return this.#create(JSON.parse(body));
    }
    const [, name, rest] =
      /^(?:\/api\/models)?\/([^/]+\/[^/.]+)(?:\.git)?(\/.*)?$/.exec(path) ?? [];
    const repository = this.repositories.get(name ?? "");
    if (repository === undefined) return status(404);
    if (method === "GET" && rest === undefined) {
      return Response.json({
        id: name,
        private: repository.private,
        siblings: [...repository.files.keys()].map((rfilename) => ({
          rfilename,
        })),
      });
    }
    const raw = /^\/raw\/main\/(.*)$/.exec(rest)?.[1];
    if (raw !== undefined) {
      const file = repository.files.get(raw);
      return file === undefined ? status(404) : new Response(file);
    }
    switch (rest) {
      case "/preupload/main":
        return this.#preupload(JSON.parse(body));
      case "/info/lfs/objects/batch":
        return this.#batch(JSON.parse(body));
      case "/commit/main":
        return this.#commit(name, repository, body);
    }
    return status(404);
  }

  #create(
    { name, organization, visibility, type }: Record<string, string>,
  ): Response {
    const full = `${organization}/${name}`;
    if (type !== "model") this.flaws.push(`a ${type} was made`);
    if (this.repositories.has(full)) {
      return Response.json({ error: "You already have it" }, { status: 409 });
    }
    this.repositories.set(full, {
      private: (this.makes ?? visibility) === "private",
      files: new Map(),
      commits: [],
    });
    return Response.json({ url: `${this.url}/${full}` });
  }

  #preupload(
    { files }: { files: { path: string; size: number; sample: string }[] },
  ): Response {
    return Response.json({
      files: files.map(({ path, size, sample }) => {
        if (Uint8Array.fromBase64(sample).length !== Math.min(size, 512)) {
          this.flaws.push(`the sample of ${path} is no sample`);
        }
        const isLarge = /\.(safetensors|npz)$/.test(path) || size > 10_000_000;
        return { path, uploadMode: isLarge ? "lfs" : "regular" };
      }),
    });
  }

  #batch(
    { operation, transfers, objects }: {
      operation: string;
      transfers: string[];
      objects: { oid: string; size: number }[];
    },
  ): Response {
    if (operation !== "upload" || !transfers.includes("basic")) {
      this.flaws.push("the batch asks for something else");
    }
    return Response.json({
      transfer: "basic",
      objects: objects.map(({ oid, size }) => {
        if (this.storage.has(oid)) return { oid, size };
        const href = `${this.otherUrl}/storage/${oid}?signature=secret`;
        const upload = size <= this.partBytes ? { href } : {
          href: href.replace("?", "/done?"),
          header: this.#partsOf(oid, size),
        };
        const host = this.verifies === "hub" ? this.url : this.otherUrl;
        const verify = { href: `${host}/verify/${oid}` };
        const actions = this.verifies === undefined
          ? { upload }
          : { upload, verify };
        return { oid, size, actions };
      }),
    });
  }

  #partsOf(oid: string, size: number): Record<string, string> {
    const count = Math.ceil(size / this.partBytes);
    const addresses = Array.from({ length: count }, (_, i) => [
      `${i + 1}`.padStart(5, "0"),
      `${this.otherUrl}/storage/${oid}/${i}?signature=secret`,
    ]);
    return {
      chunk_size: `${this.partBytes}`,
      ...Object.fromEntries(addresses),
    };
  }

  #store(
    method: string,
    path: string,
    headers: Headers,
    { body, bytes }: Pick<Seen, "body" | "bytes">,
  ): Response {
    const [oid, part] = path.split("/");
    if (part === "done") {
      const parts = this.#parts.get(oid) ?? [];
      const listed = JSON.parse(body).parts;
      const right = listed.every((
        { partNumber, etag }: { partNumber: number; etag: string },
        i: number,
      ) => partNumber === i + 1 && etag === `"${i}"`);
      if (!right) this.flaws.push("the parts are not listed as they are");
      return this.#keep(oid, joined(parts));
    }
    if (method !== "PUT") return status(405);
    // Signed addresses take no bodies of unknown length.
    if (Number(headers.get("content-length") ?? NaN) !== bytes.length) {
      this.flaws.push("a body came without its length");
      return status(411);
    }
    if (part === undefined) return this.#keep(oid, bytes);
    const parts = this.#parts.get(oid) ?? [];
    parts[Number(part)] = bytes;
    this.#parts.set(oid, parts);
    return new Response(null, { headers: { etag: `"${part}"` } });
  }

  #keep(oid: string, bytes: Uint8Array<ArrayBuffer>): Response {
    const sum = createHash("sha256").update(bytes).digest("hex");
    if (sum !== oid) {
      this.flaws.push("a file is not what its hash says");
      return status(400);
    }
    this.storage.set(oid, bytes);
    return new Response(null);
  }

  #verify(oid: string, given: string | null, body: string): Response {
    if ((given !== null) !== (this.verifies === "hub")) {
      this.flaws.push("the token went elsewhere than to the hub");
    }
    const stored = JSON.parse(body);
    if (this.storage.get(stored.oid)?.length !== stored.size) {
      return status(422);
    }
    this.verified.push(oid);
    return Response.json({});
  }

  #commit(name: string, repository: Repository, body: string): Response {
    const lines = body.split("\n").map((line) => JSON.parse(line));
    const files = new Map(repository.files);
    for (const { key, value } of lines) {
      if (key === "header") repository.commits.push(value.summary);
      if (key === "deletedFile" && !files.delete(value.path)) {
        this.flaws.push(`${value.path} was not there to be taken away`);
      }
      if (key === "file") {
        files.set(value.path, Uint8Array.fromBase64(value.content));
      }
      if (key !== "lfsFile") continue;
      const stored = this.storage.get(value.oid);
      if (stored?.length !== value.size) {
        return Response.json({ error: "There is no such object" }, {
          status: 400,
        });
      }
      files.set(value.path, stored!);
    }
    repository.files = files;
    const oid = `${repository.commits.length}`.padStart(40, "0");
    return Response.json({
      commitOid: oid,
      commitUrl: `${this.url}/${name}/commit/${oid}`,
      success: true,
    });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of this.#before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await super[Symbol.asyncDispose]();
  }
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
