import { parseJson } from "../files/text.ts";
import { LABEL_FILES } from "../labels/file.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { HubRepository } from "../net/hub_repository.ts";
import { fingerprint } from "../use/codes_metadata.ts";
import { EXPORT_FORMATS } from "../use/export_formats.ts";
import { originOfConfig } from "../use/output_claim.ts";
import { EXPORT_FILES } from "../use/output_guard.ts";

/** What an earlier sharing left in a repository beside what is sent now. */
export interface LeftOver {
  /** Files that would go with another dictionary than the one sent: names of its atoms, its exports. */
  wrong: string[];
  /** Pages, of which it is not known. */
  pages: string[];
}

/**
 * Looks through what an earlier sharing left: names of atoms and exports of another dictionary would be taken for
 * this one's.
 *
 * @param repository where the model goes
 * @param model the model
 * @param sent paths that are sent now
 */
export async function leftOver(
  repository: HubRepository,
  model: DictionaryModel,
  sent: readonly string[],
): Promise<LeftOver> {
  const there = await repository.files();
  const others = there.filter((path) => !sent.includes(path));
  const own = await fingerprint(model);
  const dictionaries = new Map<string, string | undefined>();
  for (const folder of new Set(there.map(folderOf).filter(isExports))) {
    dictionaries.set(folder, await dictionaryOf(repository, folder, there));
  }
  // Names that stay where the model has none now are of its atoms if it was this dictionary that was there.
  const isOwn = [...dictionaries.values()].includes(own);
  const names: string = LABEL_FILES.labels;
  const wrong = others.filter((path) => path === names && !isOwn);
  for (const [folder, dictionary] of dictionaries) {
    const isSent = sent.some((path) => folderOf(path) === folder);
    // An export is sent as a whole; of one that tells nothing nobody knows.
    if (!isSent && (dictionary === undefined || dictionary === own)) continue;
    wrong.push(...others.filter((path) => isOfExport(path, folder)));
  }
  const pages = others.filter((path) => /^[^/]+\.html$/.test(path));
  return { wrong: wrong.sort(), pages };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf("/")));
}

function isExports(folder: string): boolean {
  const format = folder.replace(/^\d+-/, "");
  return (EXPORT_FORMATS as readonly string[]).includes(format);
}

// What somebody else put into the folder is theirs.
function isOfExport(path: string, folder: string): boolean {
  return EXPORT_FILES.some((name) => path === `${folder}/${name}`);
}

async function dictionaryOf(
  repository: HubRepository,
  folder: string,
  there: readonly string[],
): Promise<string | undefined> {
  for (const name of ["cfg.json", "config.json"]) {
    const path = `${folder}/${name}`;
    if (!there.includes(path)) continue;
    const text = await repository.read(path);
    try {
      return originOfConfig(parseJson(text ?? ""))?.dictionary;
    } catch {
      continue;
    }
  }
  return undefined;
}
