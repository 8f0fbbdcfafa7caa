import {
  type Command,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { BROKEN, type BrokenReason } from "../inspection/pictures/broken.ts";
import { DbksvdError } from "../errors.ts";
import type { InspectOptions } from "../inspection/options.ts";
import type { PictureTable } from "../report/data.ts";
import { count, counted } from "../text.ts";
import { wholeNumber } from "./options.ts";

/** The flags that say which pictures rows have. */
export type PictureFlags = {
  image?: string;
  imageDir?: string;
  imageSize?: number;
  imageLimit?: number;
};

/** Adds the options of pictures. */
export function addPictureOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & PictureFlags> {
  const option = (flags: string, description: string) =>
    new Option(flags, description).helpGroup("Pictures:");
  return command
    .addOption(
      option(
        "--image <column>",
        "the column with a picture for every row: bytes, or paths",
      ),
    )
    .addOption(
      option(
        "--image-dir <dir>",
        "where paths of pictures begin (default: the input's folder)",
      ),
    )
    .addOption(
      option("--image-size <pixels>", "longest side of small pictures (128)")
        .argParser(wholeNumber(PICTURE_SIZES.least)),
    )
    .addOption(
      option("--image-limit <count>", "pictures made at most (8192)")
        .argParser(wholeNumber()),
    ) as unknown as Command<Arguments, Options & PictureFlags>;
}

/** Sizes that pictures may be made. */
export const PICTURE_SIZES = { least: 16, most: 512 };

/**
 * The flags as options.
 *
 * @throws {DbksvdError} `usage` where they say something of pictures, but not which
 */
export function pictureOptions(
  { image, imageDir, imageSize, imageLimit }: PictureFlags,
): Pick<InspectOptions, keyof PictureFlags> {
  const said = imageDir ?? imageSize ?? imageLimit;
  if (image === undefined && said !== undefined) {
    throw new DbksvdError("usage", "The column of the pictures is not named", {
      mend: "give --image COLUMN with what else is said of pictures",
    });
  }
  if (imageSize !== undefined && imageSize > PICTURE_SIZES.most) {
    throw new DbksvdError("usage", "Pictures are not kept so large", {
      mend: `give --image-size ${PICTURE_SIZES.most} or less`,
    });
  }
  return { image, imageDir, imageSize, imageLimit };
}

/** How many rows have a picture, as `--json` tells it. */
export interface PictureCounts
  extends Omit<PictureTable, "offsets" | "bytes" | "size" | "files"> {
  /** Longest side. */
  sizePixels: number;
  /** Rows shown as pictures. */
  shown: number;
}

/** What `--json` tells of pictures. */
export function pictureCounts(
  { offsets, bytes: _bytes, size, files: _files, ...others }: PictureTable,
): PictureCounts {
  let shown = 0;
  for (let place = 1; place < offsets.length; place++) {
    if (offsets[place] > offsets[place - 1]) shown++;
  }
  return { ...others, sizePixels: size, shown };
}

/** What became of the pictures, in a sentence. */
export function picturesInWords(pictures: PictureTable): string {
  const { shown, broken, firstBroken, left, column } = pictureCounts(pictures);
  const total = Object.values(broken).reduce<number>(
    (sum, rows) => sum + (rows ?? 0),
    0,
  );
  const why = Object.entries(broken).map(([reason, rows]) =>
    `${count(rows ?? 0)}: ${BROKEN[reason as BrokenReason]}`
  );
  return [
    `${counted(shown, "row")} shown by their pictures in "${column}"`,
    ...total === 0 ? [] : [
      `${count(total)} cannot be shown (${
        why.join("; ")
      }; the first is row ${firstBroken})`,
    ],
    ...left === 0 ? [] : [`${count(left)} left out by --image-limit`],
  ].join("; ");
}
