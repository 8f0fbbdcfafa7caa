import { DbksvdError } from "../errors.ts";
import { exists } from "../files/atomic.ts";
import { LocalFile } from "../files/bytes.ts";
import { openSafetensors } from "../files/safetensors.ts";
import { readFooter } from "../parquet/read/footer.ts";

/** In the footer of planted rows: what they were made of. */
export const PLANTED_KEY = "planted";

const FOOTER_BYTES = 64 * 2 ** 20;

/**
 * Refuses to put planted data into the place of anything but planted data.
 *
 * @param out the file of rows
 * @param truth the file of their dictionary
 * @throws {DbksvdError} `usage`
 */
export async function requirePlantedPlace(
  out: string,
  truth: string,
): Promise<void> {
  for (const [path, isPlanted] of [[out, isRows], [truth, isTruth]] as const) {
    if (!await exists(path) || await isPlanted(path)) continue;
    throw new DbksvdError("usage", "The output's place holds something else", {
      where: { file: path },
      mend: "name another output, or move away what is there",
    });
  }
}

async function isRows(path: string): Promise<boolean> {
  try {
    const file = new LocalFile(path);
    try {
      const { metadata } = await readFooter(file, FOOTER_BYTES);
      return metadata.key_value_metadata
        ?.some(({ key }) => key === PLANTED_KEY) ?? false;
    } finally {
      file.close();
    }
  } catch {
    return false;
  }
}

// A trained dictionary says more of itself.
async function isTruth(path: string): Promise<boolean> {
  try {
    const { header } = await openSafetensors(path);
    return Object.keys(header.metadata).sort().join() === "k,seed";
  } catch {
    return false;
  }
}
