import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { describe, needed } from "../command.ts";
import type { Io } from "../io.ts";
import { conduct, followed, type Session } from "../session.ts";
import { count, duration } from "../../text.ts";

interface DecodeFlags {
  overwrite?: true;
  out?: string;
  column: string;
  compression: "zstd" | "snappy" | "none";
}

/** `decode MODEL CODES --out FILE`: codes back to rows. */
export function decodeCommand(io: Io): CommandUnknownOpts {
  return describe("decode", "turn codes back into rows", [
    "dbksvd decode dbksvd-model codes.parquet --out rows.parquet",
  ])
    .argument("<model>", "the model directory that the rows were coded with")
    .argument("<codes>", "a Parquet file that encode wrote")
    .option("--out <file>", "the Parquet file to write")
    .option("--overwrite", "replace whatever --out names")
    .option("--column <name>", "the column to write", "embedding")
    .addOption(
      new Option("--compression <codec>", "of the file")
        .choices(["zstd", "snappy", "none"]).default("zstd"),
    )
    .action((model, codes, flags, self) =>
      conduct(io, self, (session) => decodeRows(model, codes, flags, session))
    );
}

async function decodeRows(
  directory: string,
  codes: string,
  { out, overwrite, column, compression }: DecodeFlags,
  session: Session,
): Promise<void> {
  const [{ decode }, { loadDictionary }] = await Promise.all([
    import("../../use/decode.ts"),
    import("../../use/models.ts"),
  ]);
  const model = await loadDictionary(directory);
  const done = await decode(model, codes, {
    ...followed(session),
    out: needed(out, "--out"),
    overwrite,
    column,
    compression,
  });
  session.print(
    { model: directory, ...done },
    () =>
      `Decoded ${count(done.rows)} rows in ${
        duration(done.seconds)
      } into ${done.out}`,
  );
}
