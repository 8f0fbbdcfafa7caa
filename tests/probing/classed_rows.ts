import { parquetWriteFile } from "hyparquet-writer";
import { plantClasses } from "./planted.ts";

/** Writes 3000 rows of planted classes as Parquet: a column `vector`, and `topic`, which says of which class. */
export function writeClassedRows(path: string): void {
  const { rows, topics, model: { width } } = plantClasses(3000);
  parquetWriteFile({
    filename: path,
    columnData: [
      {
        name: "vector",
        data: topics.map((_, row) => [
          ...rows.subarray(row * width, (row + 1) * width),
        ]),
      },
      { name: "topic", data: topics },
    ],
    schema: [
      { name: "root", num_children: 2 },
      {
        name: "vector",
        repetition_type: "REQUIRED",
        converted_type: "LIST",
        num_children: 1,
      },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      {
        name: "topic",
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        repetition_type: "OPTIONAL",
      },
    ],
  });
}
