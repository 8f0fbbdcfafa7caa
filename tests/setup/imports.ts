/** The imports between the files of src, read from their text. */
export interface ImportGraph {
  /** Files by path from the root, each with those it imports: types and dynamic imports included. */
  imports: ReadonlyMap<string, readonly string[]>;
}

const ROOT = new URL("../../", import.meta.url);

const IMPORT =
  /\b(?:import|export)\b[^;"'`]*?\bfrom\s*["'](\.[^"']+)["']|\bimport\s*\(?\s*["'](\.[^"']+)["']/g;

/** Reads the graph. */
export async function readImports(folder = "src/"): Promise<ImportGraph> {
  const imports = new Map<string, string[]>();
  for (const file of await filesUnder(folder)) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const found = [...text.matchAll(IMPORT)].map(([, from, dynamic]) =>
      new URL(from ?? dynamic, new URL(file, ROOT)).href.slice(ROOT.href.length)
    );
    imports.set(file, found);
  }
  return { imports };
}

async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    const path = `${folder}${name}`;
    if (isDirectory) files.push(...await filesUnder(`${path}/`));
    else if (/\.tsx?$/.test(name)) files.push(path);
  }
  return files.sort();
}

/** The first circle of imports found, as a path that ends where it begins. */
export function circleIn({ imports }: ImportGraph): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/**
 * The room that a file is in; `undefined` for the single files of src, which every room may import, and for other
 * files.
 */
export function roomOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

/** Every room of the README's tree with the rooms that it may import from. */
export async function readRooms(): Promise<Map<string, Set<string>>> {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const rooms = new Map<string, Set<string>>();
  for (const [, room, arrows] of readme.matchAll(ROW)) {
    rooms.set(room, new Set(arrows.match(/[a-z]+/g) ?? []));
  }
  return rooms;
}

const ROW = /^\| `src\/([a-z]+)\/` *\|[^|]*\| *([^|]*?) *\|$/gm;
