-- Automatic snapshot policies.
CREATE TABLE snapshot_policies (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX snapshot_policies_by_age ON snapshot_policies (account, region, created_at, id);
