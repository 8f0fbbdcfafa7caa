import { type Dirent, globSync, readdirSync, statSync } from "node:fs";
import { join, matchesGlob } from "node:path";

/** What a pattern names, and where it could not be followed. */
export interface Globbed {
  /** Paths of files and folders, in order of name. */
  paths: string[];
  /** Folders where it may name more, but which cannot be read. */
  shut: { path: string; cause: Error }[];
}

/** Whether a path holds what is special in a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * The paths that a pattern names. Its leading folders are taken as they are written where there are such: they may
 * well have brackets in their names.
 *
 * @param pattern a path with `*`, `**`, `?`, `[…]` or `{…,…}`
 */
export function globPaths(pattern: string): Globbed {
  const parts = pattern.split("/");
  let fixed = 0;
  while (fixed < parts.length - 1 && isFixed(parts, fixed)) fixed++;
  const folder = parts.slice(0, fixed).join("/") ||
    (pattern.startsWith("/") ? "/" : ".");
  return globIn(folder, parts.slice(fixed).join("/"));
}

function isFixed(parts: readonly string[], at: number): boolean {
  return !isPattern(parts[at]) || isThere(parts.slice(0, at + 1).join("/"));
}

/** The paths under a folder that a pattern names: {@linkcode globPaths}, where the folder is known. */
export function globIn(folder: string, pattern: string): Globbed {
  const names = namesIn(folder, pattern);
  return {
    paths: names.map((name) => join(folder, name)).sort(),
    shut: shutFolders(folder, pattern),
  };
}

function namesIn(folder: string, pattern: string): string[] {
  try {
    return globSync(pattern, { cwd: folder });
  } catch (error) {
    if ((error as { code?: string }).code !== "EACCES") throw error;
    // A plain name that is looked up in a shut folder ends the search; one that is a pattern is found in none.
    const parts = pattern.split("/").map((part) =>
      isPattern(part) ? part : part.replace(/\w/, "[$&$&]")
    );
    return globSync(parts.join("/"), { cwd: folder });
  }
}

// Node's glob takes a folder that cannot be read for an empty one.
function shutFolders(folder: string, pattern: string): Globbed["shut"] {
  const parts = pattern.split("/");
  const deep = /\{[^}]*\//.test(pattern) ? 0 : parts.indexOf("**");
  const named = deep < 0 ? parts.length - 1 : deep;
  const shut: Globbed["shut"] = [];
  const visit = (path: string, level: number) => {
    const entries = entriesOf(path, shut);
    if (deep < 0 && level === named) return;
    for (const entry of entries) {
      const leads = level < named
        ? matchesGlob(entry.name, parts[level])
        : !/^\.|^lost\+found$/.test(entry.name);
      // As the glob does, which follows links where they are named.
      if (leads && (entry.isDirectory() || level < named && isLink(entry))) {
        visit(join(path, entry.name), level + 1);
      }
    }
  };
  visit(folder, 0);
  return shut;
}

function entriesOf(path: string, shut: Globbed["shut"]): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    const cause = error as Error & { code?: string };
    // What is gone or no folder holds nothing; a link in a circle leads nowhere.
    const empty = ["ENOENT", "ENOTDIR", "ELOOP"].includes(cause.code ?? "");
    if (!empty) shut.push({ path, cause });
    return [];
  }
}

function isLink(entry: Dirent): boolean {
  return entry.isSymbolicLink();
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
