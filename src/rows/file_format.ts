import { DbksvdError } from "../errors.ts";
import type { ByteSource } from "../files/bytes.ts";
import { looksLikeStream } from "./formats/arrow/message.ts";
import { refuseOthers } from "./other_files.ts";

/** What a file holds. */
export type FileFormat =
  | "parquet"
  | "arrow"
  | "safetensors"
  | "npy"
  | "npz"
  | "raw";

const EXTENSIONS: Record<string, FileFormat> = {
  parquet: "parquet",
  pq: "parquet",
  arrow: "arrow",
  arrows: "arrow",
  feather: "arrow",
  ipc: "arrow",
  safetensors: "safetensors",
  npy: "npy",
  npz: "npz",
  f32: "raw",
};

/**
 * What a file holds: by its extension, else by how it begins; a file of no known format is taken for raw numbers
 * where a width is given.
 *
 * @throws {DbksvdError} `data` where it tells nothing
 */
export async function detectFormat(
  source: ByteSource,
  width: number | undefined,
): Promise<FileFormat> {
  const named = formatOf(source.path);
  if (named !== undefined) return named;
  refuseOthers(source.path);
  const head = await source.read(0, Math.min(9, source.size));
  const magic = String.fromCharCode(...head.subarray(0, 6));
  if (/^PAR[1E]/.test(magic)) return "parquet";
  if (magic === "ARROW1" || looksLikeStream(head)) return "arrow";
  if (magic.startsWith("\x93NUMPY")) return "npy";
  if (magic.startsWith("PK\x03\x04")) return "npz";
  if (width !== undefined) return "raw";
  if (looksLikeSafetensors(head, source.size)) return "safetensors";
  throw new DbksvdError(
    "data",
    source.size === 0 ? "File is empty" : "File begins like no file of rows",
    {
      where: { file: source.path },
      mend: magic.startsWith("\x1f\x8b")
        ? "unpack it first"
        : "give Parquet, Arrow, safetensors or NumPy; raw numbers need --width",
    },
  );
}

// The length of a header of JSON, and its first character.
function looksLikeSafetensors(head: Uint8Array, size: number): boolean {
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(
    0,
    true,
  );
  return length > 1n && length <= BigInt(size - 8);
}

/** What a file holds by its ending; undefined for one that is not of rows. */
export function formatOf(path: string): FileFormat | undefined {
  return EXTENSIONS[/\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? ""];
}

/** Whether a path's ending is one of files of rows. */
export function isRowFile(path: string): boolean {
  return formatOf(path) !== undefined;
}
