import { join } from "node:path";
import type { Communicator } from "../distributed/communicator.ts";
import { requireAlike } from "../distributed/alike.ts";
import { DbksvdError } from "../errors.ts";
import { exists } from "../files/atomic.ts";
import { fromBytes, toBytes } from "../model/packed_bytes.ts";
import type { DictionaryModel } from "../model/model.ts";
import { rowsInBrief } from "../rows/in_brief.ts";
import type { RowSource } from "../rows/source.ts";
import { TOOL_VERSION } from "../version.ts";
import { fingerprint } from "./codes_metadata.ts";
import { encode, type EncodeOptions, type EncodeResult } from "./encode.ts";
import { requireApart } from "./output_guard.ts";
import { ownRows } from "./own_rows.ts";
import { tell } from "./train_together.ts";

/** A file system of several machines, as NFS, may show one what another wrote up to a minute later. */
const SEEN_MS = 65_000;
const LOOKING_MS = 250;
const PART = /^part-(\d{5})-of-(\d{5})\.parquet$/;

/** The name of one part of codes: as SQL engines read folders of them. */
export function partName(part: number, parts: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `part-${digits(part)}-of-${digits(parts)}.parquet`;
}

/**
 * Codes rows with several processes: each codes a run of the rows into a file of its own,
 * `part-00003-of-00008.parquet`, in one directory. `decode` takes the directory as one file of codes, DuckDB
 * `'directory/*.parquet'`. Collective.
 *
 * @param model the dictionary
 * @param source the rows
 * @param options as for `encode`; `out` is the directory
 * @param group the processes
 * @param patience milliseconds that the first of them looks for the others' files
 * @returns what all of them did, on every one
 * @throws {DbksvdError} as `encode`; `usage` where the directory holds parts of another number or an input, or
 * the processes do not have the same rows and dictionary; `run` where they do not see the same directory
 */
export async function encodeTogether(
  model: DictionaryModel,
  source: RowSource,
  options: EncodeOptions,
  group: Communicator,
  patience = SEEN_MS,
): Promise<EncodeResult> {
  const { out } = options, { rank, size } = group;
  await requireAlike(group, {
    version: TOOL_VERSION,
    dictionary: await fingerprint(model),
    ...await rowsInBrief(source),
  });
  await requireApart(out, source.files.map(({ path }) => path));
  if (rank === 0) await prepare(out, size, options.overwrite ?? false);
  await tell(group, null);
  const done = await encode(model, source, {
    ...options,
    out: join(out, partName(rank, size)),
    rows: ownRows(source, options.rows, group),
  });
  const all = await Promise.all(
    (await group.gather(toBytes(done))).map(fromBytes),
  ) as EncodeResult[];
  if (rank === 0) await requireShared(all, out, patience);
  const sum = (number: "rows" | "bytes") =>
    all.reduce((sum, one) => sum + one[number], 0);
  return {
    ...all[0],
    out,
    rows: sum("rows"),
    bytes: sum("bytes"),
    seconds: Math.max(...all.map(({ seconds }) => seconds)),
  };
}

// Each rank has written its part; where each machine has a directory of that name of its own, they are not together.
async function requireShared(
  parts: readonly EncodeResult[],
  out: string,
  patience: number,
): Promise<void> {
  const end = performance.now() + patience;
  for (const rank of parts.keys()) {
    const part = join(out, partName(rank, parts.length));
    let isSeen = await exists(part);
    while (!isSeen && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOKING_MS));
      isSeen = await exists(part);
    }
    if (isSeen) continue;
    throw new DbksvdError("run", `Rank ${rank}'s part is not to be seen`, {
      where: { file: part },
      mend:
        `name an --out that all machines share: ${out} is one of its own there`,
    });
  }
}

// Parts of another number would be taken for more of the same codes, and old ones, where not all ranks come to write
// theirs, for some of the new.
async function prepare(
  out: string,
  parts: number,
  overwrite: boolean,
): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  for await (const { name } of Deno.readDir(out)) {
    const found = PART.exec(name)?.[2];
    if (found === undefined) continue;
    if (overwrite) {
      await Deno.remove(join(out, name));
      continue;
    }
    if (Number(found) === parts) continue;
    throw new DbksvdError(
      "usage",
      `The directory holds codes in ${Number(found)} parts`,
      {
        where: { file: join(out, name) },
        mend: `name another one, start ${
          Number(found)
        } processes, or replace them with --overwrite`,
      },
    );
  }
}
