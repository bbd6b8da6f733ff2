-- Key pairs: public keys by their names.
CREATE TABLE key_pairs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX key_pairs_by_age ON key_pairs (account, region, created_at, id);
