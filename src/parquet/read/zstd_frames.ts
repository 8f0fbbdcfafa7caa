const FRAME = 0xFD2FB528;
const SKIPPABLE = 0x184D2A50;
const RLE_BLOCK = 1;

/**
 * Whether bytes are whole Zstandard frames and nothing else, by the lengths that they tell (RFC 8878, section 3.1).
 * What is in their blocks is left to the decoder.
 */
export function areZstdFrames(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  try {
    while (at < bytes.length) at = endOfFrame(view, at);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  return at === bytes.length;
}

// Reading past the end is a RangeError.
function endOfFrame(view: DataView, start: number): number {
  const magic = view.getUint32(start, true);
  if ((magic & 0xFFFFFFF0) >>> 0 === SKIPPABLE) {
    return start + 8 + view.getUint32(start + 4, true);
  }
  if (magic !== FRAME) throw new RangeError("No frame begins here");
  const descriptor = view.getUint8(start + 4);
  let at = start + 5 + restOfHeader(descriptor);
  for (let last = false; !last;) {
    const header = view.getUint8(at) | view.getUint16(at + 1, true) << 8;
    last = (header & 1) === 1;
    at += 3 + ((header >> 1 & 3) === RLE_BLOCK ? 1 : header >> 3);
  }
  const hasChecksum = (descriptor >> 2 & 1) === 1;
  return at + (hasChecksum ? 4 : 0);
}

// Bytes of the window's, the dictionary's and the content's sizes.
function restOfHeader(descriptor: number): number {
  const single = descriptor >> 5 & 1;
  const content = descriptor >> 6;
  return 1 - single + [0, 1, 2, 4][descriptor & 3] +
    (content === 0 ? single : 2 ** content);
}
