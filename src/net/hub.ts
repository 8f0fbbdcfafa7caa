import { DbksvdError } from "../errors.ts";
import { remotePlace, variable } from "./open.ts";
import type { RemotePlace } from "./transfer.ts";

interface DatasetPath {
  dataset: string;
  revision: string;
  path: string;
}

/**
 * The files that `hf://datasets/OWNER/NAME[@REVISION]/PATH` names; PATH may be a file, a directory or a glob. The token,
 * where one is needed, comes from HF_TOKEN; HF_ENDPOINT names another hub.
 */
export async function resolveHub(
  input: string,
  known: (path: string) => boolean,
): Promise<RemotePlace[]> {
  const { dataset, revision, path } = parseHub(input);
  const place = (file: string): RemotePlace => {
    const at = `${dataset}/resolve/${encodeURIComponent(revision)}`;
    const url = `${endpoint()}/datasets/${at}/${escapePath(file)}`;
    const remote = remotePlace(url);
    return { ...remote, headers: { ...remote.headers, ...authorization() } };
  };
  if (!path.includes("*") && known(path)) return [place(path)];
  const star = path.indexOf("*");
  const folder = star < 0
    ? path.replace(/\/$/, "")
    : path.slice(0, star).replace(/[^/]*$/, "").replace(/\/$/, "");
  const matches = star < 0 ? undefined : globPattern(path);
  const files = (await listFiles(input, { dataset, revision, path: folder }))
    .filter((file) => matches?.test(file) ?? true)
    .filter(known);
  if (files.length === 0) throw hubError(input, "No file of rows there");
  return files.sort().map(place);
}

function parseHub(input: string): DatasetPath {
  const match = /^hf:\/\/datasets\/([^/@]+\/[^/@]+)(?:@([^/]+))?(?:\/(.*))?$/
    .exec(input);
  if (match === null) {
    throw hubError(input, "Not a dataset", "hf://datasets/OWNER/NAME/PATH");
  }
  const [, dataset, revision, path] = match;
  // Slashes of a revision such as refs/convert/parquet are written %2F.
  const plain = decodeURIComponent(revision ?? "main");
  return { dataset, revision: plain, path: path ?? "" };
}

async function listFiles(
  input: string,
  { dataset, revision, path }: DatasetPath,
): Promise<string[]> {
  const tree = `${dataset}/tree/${encodeURIComponent(revision)}`;
  let url: string | undefined = `${endpoint()}/api/datasets/${tree}/${
    escapePath(path)
  }?recursive=true`;
  const files: string[] = [];
  while (url !== undefined) {
    const response: Response = await fetch(url, { headers: authorization() });
    if (!response.ok) {
      await response.body?.cancel();
      throw hubError(input, `Hub answers ${response.status}`);
    }
    const entries = await response.json() as { type: string; path: string }[];
    for (const entry of entries) {
      if (entry.type === "file") files.push(entry.path);
    }
    const next = /<([^>]+)>;\s*rel="next"/.exec(
      response.headers.get("link") ?? "",
    );
    // The token goes to the hub alone.
    url =
      next !== null && new URL(next[1]).origin === new URL(endpoint()).origin
        ? next[1]
        : undefined;
  }
  return files;
}

function endpoint(): string {
  return (variable("HF_ENDPOINT") ?? "https://huggingface.co").replace(
    /\/$/,
    "",
  );
}

function authorization(): Record<string, string> {
  const token = variable("HF_TOKEN");
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\/?/g, "\0").replace(/\*/g, "[^/]*").replaceAll("\0", ".*");
  return new RegExp(`^${source}$`);
}

function hubError(
  input: string,
  what: string,
  mend = "check the address, and HF_TOKEN for private data",
) {
  return new DbksvdError("data", what, { where: { file: input }, mend });
}
