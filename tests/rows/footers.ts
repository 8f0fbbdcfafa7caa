import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { ByteWriter } from "hyparquet-writer";
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js";

/** A struct of a Parquet footer, by the numbers of its fields. */
// deno-lint-ignore no-explicit-any
export type Footer = any;

/** Writes a Parquet file's footer again, changed. */
export async function changeFooter(
  file: string,
  change: (footer: Footer) => void,
): Promise<void> {
  const bytes = await Deno.readFile(file);
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  const start = bytes.length - 8 - length;
  const view = new DataView(bytes.buffer, start, length);
  const footer = deserializeTCompactProtocol({ view, offset: 0 });
  change(footer);
  const writer = new ByteWriter();
  writer.appendBytes(bytes.subarray(0, start));
  serializeTCompactProtocol(writer, footer);
  writer.appendUint32(writer.offset - start);
  writer.appendBytes(new TextEncoder().encode("PAR1"));
  await Deno.writeFile(file, new Uint8Array(writer.getBuffer()));
}
