import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";

/** Pixels of a side of a drawn picture, and of the small one whose values are its row. */
const SIDE = 64;
const SMALL = 8;

/** Dimensions of a picture's row. */
export const DRAWN_WIDTH = SMALL * SMALL * 3;

const SHAPES = ["circle", "square", "cross", "stripes"] as const;
const HUES = [[214, 69, 65], [66, 133, 244], [52, 168, 83], [244, 180, 0]];

/** Whether a point, from −1 to 1 around the middle, lies in a shape. */
const INSIDE: Record<typeof SHAPES[number], (x: number, y: number) => boolean> =
  {
    circle: (x, y) => x * x + y * y < 1,
    square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.85,
    cross: (x, y) =>
      Math.min(Math.abs(x), Math.abs(y)) < 0.3 &&
      Math.max(Math.abs(x), Math.abs(y)) < 1,
    stripes: (x, y) =>
      Math.abs(y) < 1 && Math.abs(x) < 1 && Math.sin(9 * y) > 0,
  };

/** Picture number i: a shape of a colour somewhere on a pale ground. */
export function drawn(i: number): ImageData {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  const inside = INSIDE[SHAPES[i % 4]];
  const hue = HUES[(i >> 2) % 4];
  const [left, top] = [20 + i * 7 % 25, 20 + i * 11 % 25];
  const radius = 13 + i * 5 % 6;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const own = inside((x - left) / radius, (y - top) / radius);
      const at = 4 * (y * SIDE + x);
      for (let c = 0; c < 3; c++) {
        data[at + c] = own ? hue[c] : 244 - i % 9;
      }
      data[at + 3] = 255;
    }
  }
  return new ImageData(data, SIDE, SIDE);
}

/** A picture as a file. */
export async function pictureFile(
  image: ImageData,
  type = "image/jpeg",
): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(image);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(bitmap);
  const blob = await canvas.convertToBlob({ type });
  return new Uint8Array(await blob.arrayBuffer());
}

/** A picture's row: its mean colours in 8 × 8 fields. */
export function rowOf({ data }: ImageData): number[] {
  const row = new Array<number>(DRAWN_WIDTH).fill(0);
  const field = SIDE / SMALL;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const x = Math.floor(i % SIDE / field);
    const y = Math.floor(i / SIDE / field);
    for (let c = 0; c < 3; c++) {
      row[3 * (y * SMALL + x) + c] += data[4 * i + c] / 255 / field ** 2;
    }
  }
  return row;
}

/** Other columns beside the vectors: texts, or bytes. */
export type OtherColumns = Record<string, (string | Uint8Array)[]>;

/** Writes rows with other columns beside them, as Parquet. */
export function writeRows(
  path: string,
  vectors: number[][],
  columns: OtherColumns,
): void {
  const names = Object.keys(columns);
  const text = (name: string) => typeof columns[name][0] === "string";
  parquetWriteFile({
    filename: path,
    columnData: [
      { name: "vector", data: vectors },
      ...names.map((name) => ({ name, data: columns[name] })),
    ],
    schema: [
      { name: "root", num_children: 1 + names.length },
      {
        name: "vector",
        repetition_type: "REQUIRED",
        converted_type: "LIST",
        num_children: 1,
      },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      ...names.map((name) => ({
        name,
        type: "BYTE_ARRAY" as const,
        repetition_type: "OPTIONAL" as const,
        ...text(name) && { converted_type: "UTF8" as const },
      })),
    ],
  });
}

/**
 * Draws pictures into a folder `drawn` and writes their rows beside it, as `rows.parquet`: columns `path`, `bytes` and
 * `caption`.
 */
export async function writeDrawn(
  folder: string,
  count: number,
): Promise<string> {
  await Deno.mkdir(join(folder, "drawn"));
  const vectors: number[][] = [];
  const columns = {
    path: [] as string[],
    bytes: [] as Uint8Array[],
    caption: [] as string[],
  };
  for (let i = 0; i < count; i++) {
    const image = drawn(i);
    const file = await pictureFile(image);
    const path = join("drawn", `${i}.jpg`);
    await Deno.writeFile(join(folder, path), file);
    vectors.push(rowOf(image));
    columns.path.push(path);
    columns.bytes.push(file);
    columns.caption.push(SHAPES[i % 4]);
  }
  const rows = join(folder, "rows.parquet");
  writeRows(rows, vectors, columns);
  return rows;
}
