import { Broken } from "./broken.ts";
import { kindOf } from "./kind.ts";

/** Pixels of the largest picture that is decoded: they take four bytes each. */
const MOST_PIXELS = 2 ** 26;

/** Pictures of so few pixels, drawn rather than photographed, lose too much as JPEG. */
const FEW_PIXELS = 4096;

/**
 * A picture made small: decoded, turned as its camera says, shrunk and encoded anew, so that nothing of the file itself
 * comes into a page.
 *
 * @param bytes a JPEG, PNG, WebP, GIF or BMP
 * @param size the longest side, in pixels; smaller ones keep theirs
 * @returns a JPEG; a PNG where it has transparent parts or few pixels
 * @throws {Broken} where it cannot be decoded
 */
export async function makeThumbnail(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, alpha } = kindOf(bytes);
  if (width * height > MOST_PIXELS) throw new Broken("tooLarge");
  const small = await shrunk(await decoded(bytes), size);
  const drawn = alpha || small.width * small.height <= FEW_PIXELS;
  const canvas = new OffscreenCanvas(small.width, small.height);
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(small);
  const blob = await canvas.convertToBlob(
    drawn ? { type: "image/png" } : { type: "image/jpeg", quality: 0.8 },
  );
  return new Uint8Array(await blob.arrayBuffer());
}

async function decoded(bytes: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes]));
  } catch {
    throw new Broken("notPicture");
  }
}

async function shrunk(whole: ImageBitmap, size: number): Promise<ImageBitmap> {
  const { width, height } = whole;
  const share = size / Math.max(width, height);
  if (share >= 1) return whole;
  const small = await createImageBitmap(whole, {
    resizeWidth: Math.max(1, Math.round(width * share)),
    resizeHeight: Math.max(1, Math.round(height * share)),
    resizeQuality: "low",
  });
  whole.close();
  return small;
}
