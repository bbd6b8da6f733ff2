-- Snapshots of disks.
CREATE TABLE snapshots (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    origin TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX snapshots_by_age ON snapshots (account, region, created_at, id);
