import { matchesGlob } from "node:path";
import { DbksvdError } from "../errors.ts";
import type { RequestOptions } from "./request.ts";
import type { InputHeaders } from "./headers.ts";
import { askJson } from "./json.ts";
import { type LeftOut, whyLeftOut } from "./left_out.ts";
import {
  hubEndpoint,
  isPrivateWay,
  type RemotePlace,
  remotePlace,
  variable,
} from "./place.ts";

interface DatasetPath {
  dataset: string;
  revision: string;
  path: string;
}

const MOST_PAGES = 10_000;
const CREDENTIALS = "check the address, and HF_TOKEN for private data";
const IN_THE_CLEAR =
  "HF_TOKEN was not sent, since others could read it on the way: set HF_ENDPOINT to an https:// address";

/**
 * The files that `hf://datasets/OWNER/NAME[@REVISION]/PATH` names; PATH may be a file, a directory or a glob. The
 * token, where one is needed, comes from HF_TOKEN, which goes by https only, or to this machine; HF_ENDPOINT names
 * another hub.
 *
 * @param input the address
 * @param known whether a path is one of rows
 * @param notRead called with what lies in a directory and is not taken
 * @param headers the inputs' headers, by host
 * @throws {Unreachable} where the hub cannot be asked now
 * @throws {DbksvdError} `data` where the address names nothing
 */
export async function resolveHub(
  input: string,
  known: (path: string) => boolean,
  notRead: LeftOut,
  headers?: InputHeaders,
  options: RequestOptions = {},
): Promise<RemotePlace[]> {
  const { dataset, revision, path } = parseHub(input);
  const hubFile = (file: string): RemotePlace => {
    const at = `${dataset}/resolve/${encodeURIComponent(revision)}`;
    const url = `${hubEndpoint()}/datasets/${at}/${escapePath(file)}`;
    return withToken(remotePlace(url, headers));
  };
  const wild = path.search(/[*?[{]/);
  if (wild < 0 && known(path)) return [hubFile(path)];
  const folder = wild < 0
    ? path.replace(/\/$/, "")
    : path.slice(0, wild).replace(/[^/]*$/, "").replace(/\/$/, "");
  const tree = `${dataset}/tree/${encodeURIComponent(revision)}`;
  const url = `${hubEndpoint()}/api/datasets/${tree}/${escapePath(folder)}`;
  const place = withToken(remotePlace(`${url}?recursive=true`, headers));
  const files = (await listFiles(input, place, options)).filter((file) => {
    if (wild >= 0) return matchesGlob(file, path) && known(file);
    const reason = whyLeftOut(file.slice(folder.length), known);
    if (reason !== undefined) notRead(reason, hubFile(file).name);
    return reason === undefined;
  });
  if (files.length === 0) throw hubError(input, "No file of rows there");
  return files.sort().map(hubFile);
}

/**
 * A file or listing of the hub by its https address, as inputs from `hf://` are recorded: it gets the token from
 * HF_TOKEN, unless it has credentials of its own. Other addresses stay as they are. Only the hub's own host gets it,
 * and where others could listen only over https.
 *
 * @param place the address
 */
export function withHubToken(place: RemotePlace): RemotePlace {
  const hub = URL.parse(hubEndpoint());
  const url = new URL(place.url);
  if (url.origin !== hub?.origin || place.headers.authorization !== undefined) {
    return place;
  }
  const root = hub.pathname.replace(/\/*$/, "/");
  const path = url.pathname.slice(root.length - 1);
  const isHubs = url.pathname.startsWith(root) &&
    (path.startsWith("/api/") || path.includes("/resolve/"));
  return isHubs ? withToken(place) : place;
}

function parseHub(input: string): DatasetPath {
  const match = /^hf:\/\/datasets\/([^/@]+\/[^/@]+)(?:@([^/]+))?(?:\/(.*))?$/
    .exec(input);
  if (match === null) {
    throw hubError(input, "Not a dataset", "hf://datasets/OWNER/NAME/PATH");
  }
  const [, dataset, revision, path] = match;
  try {
    // Slashes of a revision such as refs/convert/parquet are written %2F.
    const plain = decodeURIComponent(revision ?? "main");
    return { dataset, revision: plain, path: path ?? "" };
  } catch {
    throw hubError(
      input,
      `Revision "${revision}" is escaped wrongly`,
      "write a slash as %2F and a per cent sign as %25",
    );
  }
}

async function listFiles(
  input: string,
  first: RemotePlace,
  options: RequestOptions,
): Promise<string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  let place: RemotePlace | undefined = first;
  while (place !== undefined) {
    if (seen.has(place.url) || seen.size === MOST_PAGES) {
      throw hubError(input, "Hub's list of files has no end");
    }
    seen.add(place.url);
    const { document, headers } = await askJson(place, {
      credentials: place.credentials ?? CREDENTIALS,
      ...options,
    });
    files.push(...filesOf(input, document));
    place = nextPage(input, place, headers);
  }
  return files;
}

function filesOf(input: string, document: unknown): string[] {
  const wrong = () => hubError(input, "Hub's answer is no list of files");
  if (!Array.isArray(document)) throw wrong();
  const files: string[] = [];
  for (const entry of document) {
    if (entry?.type !== "file") continue;
    const { path } = entry;
    if (typeof path !== "string") throw wrong();
    const outside = path.includes("://") ||
      path.split("/").some((part) => /^\.{0,2}$/.test(part));
    if (outside) throw hubError(input, "Hub lists a file outside the dataset");
    files.push(path);
  }
  return files;
}

function nextPage(
  input: string,
  place: RemotePlace,
  headers: Headers,
): RemotePlace | undefined {
  const next = /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];
  if (next === undefined) return undefined;
  const url = URL.parse(next, place.url);
  // The token goes to the hub alone.
  if (url?.origin !== new URL(hubEndpoint()).origin) {
    throw hubError(input, "Hub's list of files goes on at another host");
  }
  return { ...place, url: url.href };
}

function withToken(place: RemotePlace): RemotePlace {
  const token = variable("HF_TOKEN");
  if (token === undefined) return place;
  if (!isPrivateWay(new URL(place.url))) {
    return { ...place, credentials: IN_THE_CLEAR };
  }
  const headers = { ...place.headers, authorization: `Bearer ${token}` };
  return { ...place, headers };
}

function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function hubError(input: string, what: string, mend = CREDENTIALS) {
  return new DbksvdError("data", what, { where: { file: input }, mend });
}
