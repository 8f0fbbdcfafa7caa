import type { Store } from "./database.ts";
import { webhookKey } from "./webhook_key.ts";

/** Each entry brings the database from the version of its index to the next one. Entries are only ever added. */
export const MIGRATIONS: readonly (string | ((store: Store) => void))[] = [
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
  `
  CREATE TABLE runs_2 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL
      CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    outcome TEXT
      CHECK (outcome IN ('promoted', 'kept', 'pending', 'nothing')),
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
  INSERT INTO runs_2 SELECT * FROM runs;
  DROP TABLE runs;
  ALTER TABLE runs_2 RENAME TO runs;
  ALTER TABLE files ADD COLUMN looked INTEGER;
  CREATE TABLE pending (
    file INTEGER PRIMARY KEY REFERENCES files (id),
    run INTEGER NOT NULL REFERENCES drops (run),
    offset INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    since TEXT NOT NULL
  ) STRICT;
  CREATE TABLE missing (
    path TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('unreachable', 'nothing')),
    reason TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs (id),
    since TEXT NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('quarantine', 'release')),
    run INTEGER NOT NULL REFERENCES drops (run),
    reason TEXT
  ) STRICT;
  CREATE TABLE trusted (checksum TEXT PRIMARY KEY) STRICT;
  `,
  (store) => {
    const waiting = store.all<{ id: string; url: string }>(
      "SELECT id, url FROM outbox",
    );
    for (const { id, url } of waiting) {
      store.run("UPDATE outbox SET url = :key WHERE id = :id", {
        id,
        key: webhookKey(url),
      });
    }
  },
];
