import { Broken } from "./broken.ts";

/** What a picture's first bytes tell. */
export interface PictureKind {
  width: number;
  height: number;
  /** Whether parts of it may be transparent. */
  alpha: boolean;
}

/**
 * Looks at a picture's header: sizes are known, and refused, before anything is decoded.
 *
 * @param bytes the file
 * @throws {Broken} where it is no picture of a known kind
 */
export function kindOf(bytes: Uint8Array): PictureKind {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const found = READERS.find(({ begins }) => begins(bytes))?.read(view);
    if (found !== undefined && found.width > 0 && found.height > 0) {
      return found;
    }
  } catch (error) {
    // A header that ends early.
    if (!(error instanceof RangeError)) throw error;
  }
  throw new Broken("notPicture");
}

interface Reader {
  begins(bytes: Uint8Array): boolean;
  read(view: DataView): PictureKind | undefined;
}

const text = (bytes: Uint8Array, from: number, to: number) =>
  String.fromCharCode(...bytes.subarray(from, to));

const READERS: readonly Reader[] = [
  {
    begins: (bytes) => text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n",
    read: (view) => ({
      width: view.getUint32(16),
      height: view.getUint32(20),
      // Palettes may have transparent colours.
      alpha: [3, 4, 6].includes(view.getUint8(25)),
    }),
  },
  { begins: (bytes) => text(bytes, 0, 3) === "\xff\xd8\xff", read: readJpeg },
  {
    begins: (bytes) =>
      text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP",
    read: readWebp,
  },
  {
    begins: (bytes) => /^GIF8[79]a$/.test(text(bytes, 0, 6)),
    read: (view) => ({
      width: view.getUint16(6, true),
      height: view.getUint16(8, true),
      alpha: true,
    }),
  },
  {
    begins: (bytes) => text(bytes, 0, 2) === "BM",
    read: (view) => ({
      width: Math.abs(view.getInt32(18, true)),
      height: Math.abs(view.getInt32(22, true)),
      alpha: false,
    }),
  },
];

// Segments follow each other; the one that begins a frame has the size.
function readJpeg(view: DataView): PictureKind | undefined {
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf &&
      ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return {
        width: view.getUint16(at + 7),
        height: view.getUint16(at + 5),
        alpha: false,
      };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

// One of three kinds of first chunk: lossy, lossless, or extended.
function readWebp(view: DataView): PictureKind | undefined {
  const chunk = text(new Uint8Array(view.buffer, view.byteOffset), 12, 16);
  if (chunk === "VP8 ") {
    return {
      width: view.getUint16(26, true) & 0x3fff,
      height: view.getUint16(28, true) & 0x3fff,
      alpha: false,
    };
  }
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return {
      width: (bits & 0x3fff) + 1,
      height: (bits >>> 14 & 0x3fff) + 1,
      alpha: true,
    };
  }
  if (chunk !== "VP8X") return undefined;
  const three = (at: number) =>
    view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  return {
    width: three(24) + 1,
    height: three(27) + 1,
    alpha: (view.getUint8(20) & 0x10) !== 0,
  };
}
