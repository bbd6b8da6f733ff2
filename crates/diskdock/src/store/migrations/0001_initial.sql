-- The store. Columns beside `body` exist to be searched; `body` (JSON) is the whole entity.
CREATE TABLE disks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    zone TEXT NOT NULL,
    status TEXT NOT NULL,
    kind TEXT NOT NULL,
    category TEXT NOT NULL,
    charge_type TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX disks_by_place ON disks (account, region);

CREATE TABLE attachments (
    instance TEXT NOT NULL,
    disk TEXT NOT NULL,
    device TEXT NOT NULL,
    phase TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (instance, disk)
) WITHOUT ROWID;

CREATE TABLE instances (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX instances_by_place ON instances (account, region);

CREATE TABLE user_data (
    instance TEXT PRIMARY KEY,
    data TEXT NOT NULL
);

-- How many disks and instances an account has in a region, so that no list has to count.
CREATE TABLE counts (
    what TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (what, account, region)
) WITHOUT ROWID;

CREATE TABLE operations (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    abandoned INTEGER NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE tokens (
    account TEXT NOT NULL,
    action TEXT NOT NULL,
    token TEXT NOT NULL,
    parameters TEXT NOT NULL,
    reply TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, action, token)
);
CREATE INDEX tokens_by_age ON tokens (created_at);

CREATE TABLE calls (
    number INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
