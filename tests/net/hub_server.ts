import { FaultServer, status } from "./fault_server.ts";

/** A stand-in for the hub: datasets with files, a token, pages, and faults as any {@linkcode FaultServer}. */
export class HubServer extends FaultServer {
  /** Files of a page of the listing. */
  pageFiles = 2;
  token?: string;
  readonly #before = ["HF_ENDPOINT", "HF_TOKEN"].map((name) =>
    [name, Deno.env.get(name)] as const
  );

  constructor(readonly dataset: string, readonly revision = "main") {
    super();
    Deno.env.set("HF_ENDPOINT", this.url);
    Deno.env.delete("HF_TOKEN");
    this.fault = (request) => this.hub(request);
  }

  /** Puts a file into the dataset. */
  put(path: string, bytes: Uint8Array<ArrayBuffer>): void {
    const { dataset, revision } = this;
    this.files.set(`/datasets/${dataset}/resolve/${revision}/${path}`, bytes);
  }

  /** The hub's own answers: the token is asked for, listings come in pages. */
  hub(request: Request): Response | undefined {
    const given = request.headers.get("authorization");
    if (this.token !== undefined && given !== `Bearer ${this.token}`) {
      return status(401);
    }
    const { pathname, searchParams, origin } = new URL(request.url);
    const tree = `/api/datasets/${this.dataset}/tree/`;
    if (!pathname.startsWith(tree)) return undefined;
    const resolved = `/datasets/${this.dataset}/resolve/${this.revision}/`;
    const folder = decodeURIComponent(pathname.slice(tree.length))
      .replace(/^[^/]*\/?/, "");
    const all = [...this.files.keys()].filter((path) =>
      path.startsWith(resolved + folder)
    ).map((path) => ({ type: "file", path: path.slice(resolved.length) }));
    const from = Number(searchParams.get("cursor") ?? 0);
    const to = from + this.pageFiles;
    const link = `<${origin}${pathname}?recursive=true&cursor=${to}>`;
    return Response.json(all.slice(from, to), {
      headers: to < all.length ? { link: `${link}; rel="next"` } : {},
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
