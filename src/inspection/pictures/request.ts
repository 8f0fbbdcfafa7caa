import { Broken, type BrokenReason } from "./broken.ts";
import { makeThumbnail } from "./thumbnail.ts";

/** A picture to be made small. */
export interface PictureRequest {
  bytes: Uint8Array<ArrayBuffer>;
  size: number;
}

/** What came of it. */
export type PictureReply = Uint8Array<ArrayBuffer> | BrokenReason;

/** Makes a picture small, or tells why not. */
export async function answer(
  { bytes, size }: PictureRequest,
): Promise<PictureReply> {
  try {
    return await makeThumbnail(bytes, size);
  } catch (error) {
    if (error instanceof Broken) return error.reason;
    throw error;
  }
}
