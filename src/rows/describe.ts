import { createHash } from "node:crypto";
import { openNpy, openRaw, openSafetensorsRows } from "./formats/files.ts";
import { detectFormat, findFiles, openFound } from "./inputs.ts";
import type { OpenRowsOptions } from "./open.ts";
import { readFooter } from "./parquet/footer.ts";

/** What can be told of a file without reading its rows. */
export interface FileDescription {
  /** The path or URL, without credentials. */
  path: string;
  /** Rows of the table; lists of nested columns are not counted. */
  rows: number;
  bytes: number;
  /** SHA-256 of the size and of what describes the data: a Parquet footer, else the first and last 64 KiB. */
  checksum: string;
}

const FOOTER_MOST = 512 * 2 ** 20;
const EDGE_BYTES = 65536;

/**
 * Describes a file: enough to see that it is another one than before.
 *
 * @param path one file, local or a URL
 * @param options the width of raw dumps, the tensor's name, the cache
 * @throws {DbksvdError} `data` where it cannot be read
 */
export async function describeFile(
  path: string,
  options: OpenRowsOptions = {},
): Promise<FileDescription> {
  const [found] = await findFiles([path]);
  const source = await openFound(found, options, FOOTER_MOST);
  try {
    const hash = createHash("sha256").update(`${source.size}\n`);
    const format = await detectFormat(source, options.width);
    let rows: number;
    if (format === "parquet") {
      const { metadata, bytes } = await readFooter(source, FOOTER_MOST);
      rows = Number(metadata.num_rows);
      hash.update(bytes);
    } else {
      const layout = format === "npy"
        ? await openNpy(source)
        : format === "raw"
        ? openRaw(source, options.width)
        : await openSafetensorsRows(source, options.column);
      rows = layout.rows;
      const edge = Math.min(EDGE_BYTES, source.size);
      hash.update(await source.read(0, edge));
      hash.update(await source.read(source.size - edge, edge));
    }
    const checksum = hash.digest("hex");
    return { path: source.path, rows, bytes: source.size, checksum };
  } finally {
    source.close();
  }
}
