import {
  basename,
  dirname,
  isAbsolute,
  join,
  relative,
  resolve,
  sep,
} from "node:path";
import { DbksvdError } from "../errors.ts";

/** Whether an input is fetched rather than opened: `http(s)://`, `s3://`, `hf://` and the like. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

/** Whether `path` is `folder` or lies in it, by name alone. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" ||
    (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The part of a path or glob before its first wildcard: a folder, or the whole of a plain path. */
export function fixedFolder(pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex((part) => /[*?{[]/.test(part));
  if (wild < 0) return pattern;
  return parts.slice(0, wild).join("/") || (isAbsolute(pattern) ? "/" : ".");
}

/**
 * Makes a configuration's path absolute. An absolute path names a root of its own; a relative one may not leave the
 * configuration's folder, neither by `..` nor through a link.
 *
 * @param base the folder that relative paths begin from
 * @param path as the configuration has it
 * @param field its JSON path, for the error
 * @throws {DbksvdError} `usage`
 */
export async function containedPath(
  base: string,
  path: string,
  field: string,
): Promise<string> {
  if (path.includes("\0")) throw escape(field, path, "holds a NUL character");
  if (isAbsolute(path)) return resolve(path);
  const whole = resolve(base, path);
  if (!isInside(resolve(base), whole)) {
    throw escape(field, path, "leaves the configuration's folder");
  }
  const real = await realPath(whole).catch((error) => {
    const [reason] = String(error.message).split(":");
    throw escape(field, shorten(path), `cannot be used, ${reason}`);
  });
  if (!isInside(await realPath(base), real)) {
    throw escape(
      field,
      path,
      "leaves the configuration's folder through a link",
    );
  }
  return whole;
}

/** The path with links followed, as far as it exists. */
export async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    const parent = dirname(path);
    if (!(error instanceof Deno.errors.NotFound) || parent === path) {
      throw error;
    }
    return join(await realPath(parent), basename(path));
  }
}

function shorten(path: string): string {
  return path.length > 60 ? `${path.slice(0, 60)}…` : path;
}

function escape(field: string, path: string, what: string): DbksvdError {
  return new DbksvdError("usage", `${field}: "${path}" ${what}`, {
    mend: "name a place inside it, or give an absolute path",
  });
}
