-- Roles of accounts, which are assumed for a while.
CREATE TABLE ram_roles (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX ram_roles_by_age ON ram_roles (account, region, created_at, id);
