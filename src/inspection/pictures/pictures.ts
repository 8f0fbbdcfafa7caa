import { EMPTY_SLOT } from "../../engine/engine.ts";
import type {
  LatentRows,
  PictureTable,
  SampleTable,
} from "../../report/data.ts";
import { FILE_COLUMN } from "../../rows/path_columns.ts";
import type { RowSource } from "../../rows/source.ts";
import { columnsOf } from "../../use/kept_columns.ts";
import { helpersFor, shareOut, threadHelper } from "../helpers.ts";
import { Broken, type BrokenReason } from "./broken.ts";
import { PicturePlaces } from "./places.ts";
import { answer, type PictureReply, type PictureRequest } from "./request.ts";

const WORKER = new URL("./worker.ts", import.meta.url);

/** Longest side of a small picture, and how many are made, where it is not said. */
export const PICTURES = { size: 128, limit: 8192 };

/** Rows between the first and the last that are read at once: pictures in a column are large. */
const ROWS_AT_ONCE = 128;

/** Threads that decode at most: each may hold a large picture. */
const MOST_THREADS = 8;

/** Which pictures, and how they are made. */
export interface PictureOptions {
  /** The column with paths, addresses or bytes. */
  image: string;
  /** Where paths begin; by default the folder of the row's input. */
  imageDir?: string | undefined;
  /** Longest side of a small picture, in pixels. 128. */
  imageSize?: number | undefined;
  /** Pictures at most, those of rows that use atoms most first. 8192. */
  imageLimit?: number | undefined;
  /** Threads; all that the machine has by default, 8 at most. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with how many pictures are done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What is to be shown: the kept rows, and which of them use latents most. */
export interface Shown {
  samples: SampleTable;
  top: LatentRows;
  spread: LatentRows;
}

/**
 * Makes small pictures of the kept rows.
 *
 * @param source the rows
 * @param shown which of them are kept
 * @param options the column, sizes
 * @throws {DbksvdError} `data` where there is no such column
 */
export async function picturesOf(
  source: RowSource,
  shown: Shown,
  options: PictureOptions,
): Promise<PictureTable> {
  const { image, imageSize: size = PICTURES.size } = options;
  const { threads, signal, onProgress } = options;
  const { samples } = shown;
  const wanted = firstPlaces(shown, options.imageLimit ?? PICTURES.limit);
  const made = new Map<number, Uint8Array>();
  const broken: Partial<Record<BrokenReason, number>> = {};
  let firstBroken = Infinity;
  let done = 0;
  const take = (reply: PictureReply, place: number) => {
    if (typeof reply !== "string") made.set(place, reply);
    else {
      broken[reply] = (broken[reply] ?? 0) + 1;
      firstBroken = Math.min(firstBroken, place);
    }
    onProgress?.(++done, wanted.length);
  };
  const free = helpersFor(WORKER, threads);
  const count = Math.min(free, MOST_THREADS, wanted.length);
  const helpers = Array.from(
    { length: count },
    () =>
      count === 1
        ? { run: answer, close: () => {} }
        : threadHelper<PictureRequest, PictureReply>(
          new Worker(WORKER, { type: "module" }),
        ),
  );
  const places = new PicturePlaces(options.imageDir, signal);
  const asked = helpers.map((helper) => ({
    close: helper.close,
    run: async ({ value, file }: Wanted): Promise<PictureReply> => {
      try {
        const bytes = await places.bytes(value, file);
        return await helper.run({ bytes, size });
      } catch (error) {
        if (error instanceof Broken) return error.reason;
        throw error;
      }
    },
  }));
  try {
    await shareOut<Wanted, PictureReply>(
      valuesOf(source, image, samples, wanted),
      asked,
      (reply, { place }) => take(reply, place),
      signal,
    );
  } finally {
    for (const helper of helpers) helper.close();
  }
  const { files } = places;
  return {
    ...packed(made, samples.rows.length),
    ...{ column: image, size, broken },
    ...files.length > 0 && { files },
    left: samples.rows.length - wanted.length,
    ...firstBroken < Infinity && { firstBroken: samples.rows[firstBroken] },
  };
}

/** A row whose picture is wanted. */
interface Wanted {
  /** Its place among the kept rows. */
  place: number;
  value: unknown;
  /** Its input. */
  file: string;
}

// The kept rows that come first in latents' lists, up to a limit, by their place.
function firstPlaces({ samples, top, spread }: Shown, limit: number): number[] {
  const most = Math.min(limit, samples.rows.length);
  const places = new Set<number>();
  for (const { perLatent, samples: listed } of [top, spread]) {
    for (let rank = 0; rank < perLatent; rank++) {
      for (let slot = rank; slot < listed.length; slot += perLatent) {
        if (places.size === most) break;
        if (listed[slot] !== EMPTY_SLOT) places.add(listed[slot]);
      }
    }
  }
  return [...places].sort((a, b) => a - b);
}

async function* valuesOf(
  source: RowSource,
  column: string,
  { rows }: SampleTable,
  wanted: readonly number[],
): AsyncGenerator<Wanted> {
  for (let from = 0; from < wanted.length;) {
    const first = rows[wanted[from]];
    let end = from + 1;
    while (end < wanted.length && rows[wanted[end]] - first < ROWS_AT_ONCE) {
      end++;
    }
    const places = wanted.slice(from, end);
    const numbers = Float64Array.from(places, (place) => rows[place]);
    const [values, files] = await columnsOf(
      source,
      [column, FILE_COLUMN],
      numbers,
    );
    for (const [i, place] of places.entries()) {
      const file = String(files.values[i]);
      yield { place, value: values.values[i], file };
    }
    from = end;
  }
}

function packed(
  made: ReadonlyMap<number, Uint8Array>,
  rows: number,
): Pick<PictureTable, "offsets" | "bytes"> {
  const offsets = new Uint32Array(rows + 1);
  for (let place = 0; place < rows; place++) {
    offsets[place + 1] = offsets[place] + (made.get(place)?.length ?? 0);
  }
  const bytes = new Uint8Array(offsets[rows]);
  for (const [place, picture] of made) bytes.set(picture, offsets[place]);
  return { offsets, bytes };
}
