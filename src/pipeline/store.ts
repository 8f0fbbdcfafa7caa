import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { DbksvdError } from "../errors.ts";

/** The pipeline's database: prepared statements, transactions, and nothing that knows what it holds. */
export interface Store {
  /** Runs a statement. Returns the row id that it inserted, if it did. */
  run(sql: string, values?: Values): number;
  /** The first row, or undefined. */
  one<Row>(sql: string, values?: Values): Row | undefined;
  all<Row>(sql: string, values?: Values): Row[];
  /** Runs `work` in a transaction: all of it is on the disk afterwards, or none. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Named values of a statement: `:name` in its text. */
export type Values = Record<string, SQLInputValue | undefined>;

/** Each entry brings the database from the version of its index to the next one. Entries are only ever added. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL
      CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    outcome TEXT CHECK (outcome IN ('promoted', 'kept', 'nothing')),
    started TEXT NOT NULL,
    finished TEXT,
    version TEXT,
    parent TEXT,
    reason TEXT,
    new_rows INTEGER NOT NULL DEFAULT 0,
    held_out_rows INTEGER NOT NULL DEFAULT 0,
    replayed_rows INTEGER NOT NULL DEFAULT 0,
    row_visits INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    state TEXT NOT NULL
      CHECK (state IN ('taken', 'refused', 'duplicate', 'superseded')),
    size INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    checksum TEXT NOT NULL,
    footer TEXT NOT NULL,
    rows INTEGER NOT NULL DEFAULT 0,
    held_out INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    run INTEGER NOT NULL REFERENCES runs (id),
    seen TEXT NOT NULL,
    vanished TEXT
  ) STRICT;
  CREATE UNIQUE INDEX files_path ON files (path) WHERE state != 'superseded';
  CREATE INDEX files_checksum ON files (checksum) WHERE state = 'taken';
  CREATE TABLE drops (
    run INTEGER PRIMARY KEY REFERENCES runs (id),
    quarantined INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE held_out (
    file INTEGER PRIMARY KEY REFERENCES files (id),
    run INTEGER NOT NULL REFERENCES drops (run),
    offset INTEGER NOT NULL,
    rows INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE reservoir (
    slot INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files (id),
    row INTEGER NOT NULL,
    key REAL NOT NULL
  ) STRICT;
  CREATE TABLE versions (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    parent TEXT,
    created TEXT NOT NULL,
    promoted INTEGER NOT NULL,
    removed TEXT,
    drift_mean REAL,
    drift_max REAL,
    replaced INTEGER
  ) STRICT;
  CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs (id),
    subject TEXT NOT NULL CHECK (subject IN ('current', 'candidate')),
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (run, subject, scope, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE promotions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('promotion', 'rollback')),
    version TEXT NOT NULL REFERENCES versions (id),
    previous TEXT,
    reason TEXT
  ) STRICT;
  CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    secret_env TEXT,
    created TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered TEXT,
    error TEXT
  ) STRICT;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
];

/**
 * Opens the pipeline's database, created and brought to this version where need be. Every commit is flushed to the disk
 * before it returns.
 *
 * @param path the SQLite file
 * @param options `readOnly` for readers beside a run
 * @throws {DbksvdError} `data` where the file is damaged or of a newer version
 */
export function openStore(
  path: string,
  options: { readOnly?: boolean } = {},
): Store {
  try {
    const database = new DatabaseSync(path, {
      readOnly: options.readOnly ?? false,
      enableForeignKeyConstraints: true,
    });
    database.exec("PRAGMA busy_timeout = 10000");
    if (!options.readOnly) {
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("PRAGMA synchronous = FULL");
    }
    const store = new SqliteStore(database);
    migrate(store, path, options.readOnly ?? false);
    return store;
  } catch (cause) {
    if (cause instanceof DbksvdError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DbksvdError("data", `Cannot open the database: ${reason}`, {
      where: { file: path },
      mend: "restore pipeline.sqlite from a backup",
      cause,
    });
  }
}

function migrate(store: Store, path: string, readOnly: boolean) {
  const version = store.one<{ user_version: number }>("PRAGMA user_version")!
    .user_version;
  if (version > MIGRATIONS.length) {
    throw new DbksvdError(
      "data",
      `The database has version ${version}, this program knows ${MIGRATIONS.length}`,
      { where: { file: path }, mend: "update dbksvd" },
    );
  }
  if (readOnly) return;
  for (let next = version; next < MIGRATIONS.length; next++) {
    store.transaction(() => {
      for (const statement of MIGRATIONS[next].split(/;\s*\n/)) {
        if (statement.trim() !== "") store.run(statement);
      }
      store.run(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<
    string,
    ReturnType<DatabaseSync["prepare"]>
  >();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  run(sql: string, values: Values = {}): number {
    return Number(
      this.#prepare(sql).run(present(values)).lastInsertRowid,
    );
  }

  one<Row>(sql: string, values: Values = {}): Row | undefined {
    const row = this.#prepare(sql).get(present(values));
    return row && { ...row } as Row;
  }

  all<Row>(sql: string, values: Values = {}): Row[] {
    return this.#prepare(sql).all(present(values))
      .map((row) => ({ ...row }) as Row);
  }

  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function present(values: Values): Record<string, SQLInputValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value ?? null]),
  );
}
