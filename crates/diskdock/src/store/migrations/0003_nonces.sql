-- Requests that may have changed something, so that none is served again after a restart.
CREATE TABLE nonces (
    timestamp_s INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    PRIMARY KEY (timestamp_s, hash)
) WITHOUT ROWID;
-- All requests that were signed up to this second may have been seen and forgotten.
CREATE TABLE forgotten_nonces (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    until_s INTEGER NOT NULL
);
