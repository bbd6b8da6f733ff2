-- Groups of users of accounts.
CREATE TABLE ram_groups (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX ram_groups_by_age ON ram_groups (account, region, created_at, id);
