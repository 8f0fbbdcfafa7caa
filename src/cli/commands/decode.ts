import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { describe, needed } from "../command.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { conduct, followed, type Session } from "../session.ts";
import { count, duration } from "../../text.ts";

interface DecodeFlags {
  overwrite?: true;
  out?: string;
  like?: string;
  column?: string;
  blobType?: "f32" | "f16" | "bf16";
  width?: number;
  compression?: "zstd" | "snappy" | "none";
}

/** `decode MODEL CODES --out FILE`: codes back to rows. */
export function decodeCommand(io: Io): CommandUnknownOpts {
  return describe("decode", "turn codes back into rows", [
    "dbksvd decode dbksvd-model codes.parquet --out rows.parquet",
    "dbksvd decode dbksvd-model codes.parquet --like acts.safetensors --out rebuilt.safetensors",
  ])
    .argument("<model>", "the model directory that the rows were coded with")
    .argument("<codes>", "a Parquet file that encode wrote")
    .option("--out <file>", "the file to write: Parquet, or what --like names")
    .option("--overwrite", "replace whatever --out names")
    .option(
      "--like <file>",
      "the file that was encoded: write it again with its vectors rebuilt, all else as it is",
    )
    .option(
      "--column <name>",
      'the column to write (default: "embedding"); with --like, the one that holds the vectors',
    )
    .addOption(
      new Option(
        "--compression <codec>",
        "of Parquet (default: zstd, or as --like has it)",
      )
        .choices(["zstd", "snappy", "none"]),
    )
    .addOption(
      new Option(
        "--blob-type <type>",
        "what the bytes of a binary column of --like are",
      )
        .choices(["f32", "f16", "bf16"]),
    )
    .option(
      "--width <count>",
      "dimensions of a row, where --like is a raw dump",
      wholeNumber(),
    )
    .action((model, codes, flags, self) =>
      conduct(io, self, (session) => decodeRows(model, codes, flags, session))
    );
}

async function decodeRows(
  directory: string,
  codes: string,
  flags: DecodeFlags,
  session: Session,
): Promise<void> {
  const [{ decode }, { loadDictionary }] = await Promise.all([
    import("../../use/decode.ts"),
    import("../../use/models.ts"),
  ]);
  const model = await loadDictionary(directory);
  const { overwrite, like, column, blobType, width, compression } = flags;
  const done = await decode(model, codes, {
    ...followed(session),
    ...{ overwrite, like, column, blobType, width, compression },
    out: needed(flags.out, "--out"),
  });
  session.print(
    { model: directory, ...done },
    () =>
      `Decoded ${count(done.rows)} rows in ${
        duration(done.seconds)
      } into ${done.out}${unchangedInWords(done.rowsUnchanged)}`,
  );
}

function unchangedInWords(rows = 0): string {
  return rows === 0 ? "" : `; ${count(rows)} without codes stay as they were`;
}
