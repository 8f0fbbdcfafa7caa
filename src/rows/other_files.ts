import { DbksvdError } from "../errors.ts";

const TABLE =
  "DuckDB makes Parquet of it: duckdb -c \"copy (from 'FILE') to 'rows.parquet'\"";
const TORCH =
  "opening it can run code; save the tensor with safetensors.torch.save_file";
const NUMPY = "save the rows with numpy.save, or as Parquet";
const PACKED = "unpack it first";

/** What to do with files that people have and that are not read, by their ending. */
const ADVICE: Record<string, string> = {
  csv: TABLE,
  tsv: TABLE,
  json: TABLE,
  jsonl: TABLE,
  ndjson: TABLE,
  txt: TABLE,
  pt: TORCH,
  pth: TORCH,
  ckpt: TORCH,
  pkl: TORCH,
  pickle: TORCH,
  h5: NUMPY,
  hdf5: NUMPY,
  mat: NUMPY,
  zarr: NUMPY,
  tfrecord: NUMPY,
  xlsx: NUMPY,
  gz: PACKED,
  zst: PACKED,
  zip: PACKED,
  tar: PACKED,
  tgz: PACKED,
};

/** What to do with a file of another kind; undefined where its ending tells nothing. */
export function adviceFor(path: string): string | undefined {
  const ending = /\.([^./]+)$/.exec(path)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(ADVICE, ending)
    ? ADVICE[ending].replace("FILE", path)
    : undefined;
}

/**
 * Refuses a file that is known to be of another kind than rows.
 *
 * @throws {DbksvdError} `data`
 */
export function refuseOthers(path: string): void {
  const advice = adviceFor(path);
  if (advice === undefined) return;
  throw new DbksvdError("data", "Files of this kind are not read", {
    where: { file: path },
    mend: advice,
  });
}
