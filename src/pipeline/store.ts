import type { Store, Values } from "./database.ts";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { DbksvdError } from "../errors.ts";
import { writeError } from "../files/atomic.ts";
import { MIGRATIONS } from "./migrations.ts";

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
      database.exec("PRAGMA secure_delete = ON");
    }
    const store = new SqliteStore(database, path);
    migrate(store, path, options.readOnly ?? false);
    return store;
  } catch (cause) {
    if (cause instanceof DbksvdError || cause instanceof OldDatabase) {
      throw cause;
    }
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
  if (readOnly) {
    if (version === MIGRATIONS.length) return;
    throw new OldDatabase();
  }
  // A table that others refer to is written anew.
  store.run("PRAGMA foreign_keys = OFF");
  for (let next = version; next < MIGRATIONS.length; next++) {
    const migration = MIGRATIONS[next];
    store.transaction(() => {
      if (typeof migration === "function") migration(store);
      else runAll(store, migration);
      store.run(`PRAGMA user_version = ${next + 1}`);
    });
  }
  store.run("PRAGMA foreign_keys = ON");
}

function runAll(store: Store, script: string) {
  for (const statement of script.split(/;\s*\n/)) {
    if (statement.trim() !== "") store.run(statement);
  }
}

/** A database of an older version: whoever only reads has to have it brought to this one first. */
export class OldDatabase extends Error {
  /** Without words of its own: it is never shown. */
  constructor() {
    super("The database is of an older version");
  }
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<
    string,
    ReturnType<DatabaseSync["prepare"]>
  >();

  constructor(database: DatabaseSync, readonly path: string) {
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
      this.#rollBack();
      // SQLite's own errors: a full disk, a file system gone read-only.
      const isSqlite = (error as { code?: string }).code === "ERR_SQLITE_ERROR";
      throw isSqlite ? writeError(this.path, error) : error;
    }
  }

  // A full disk may have ended the transaction already.
  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      return;
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
