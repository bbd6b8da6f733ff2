-- Everything besides the resources, whose tables follow from their kinds. `body` (JSON) is the
-- whole record; other columns are there to be searched or joined.
-- Which disks an instance has; how each is attached is in the disk.
CREATE TABLE attachments (
    instance text NOT NULL,
    disk text COLLATE "C" NOT NULL,
    PRIMARY KEY (instance, disk)
);

CREATE TABLE user_data (
    instance text COLLATE "C" PRIMARY KEY,
    data text NOT NULL
);

-- How many resources of a kind an account has in a region, so that no list has to count.
CREATE TABLE counts (
    kind text NOT NULL,
    account text NOT NULL,
    region text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (kind, account, region)
) WITH (fillfactor = 50);

-- Names, resource groups, tags (`tag:` and the key) and the like, of every kind of resource.
CREATE TABLE terms (
    kind text NOT NULL,
    account text NOT NULL,
    region text NOT NULL,
    term text NOT NULL,
    value text NOT NULL,
    created_at bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, account, region, term, value, created_at, id)
);

CREATE TABLE operations (
    number bigint PRIMARY KEY,
    kind text NOT NULL,
    abandoned boolean NOT NULL,
    lease_owner text NOT NULL,
    body text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX operations_in_flight ON operations (lease_owner, number) WHERE NOT abandoned;
CREATE INDEX operations_abandoned ON operations (number) WHERE abandoned;

-- One lease for each server.
CREATE TABLE leases (
    server text PRIMARY KEY,
    renewals bigint NOT NULL,
    uptime_ms bigint NOT NULL
) WITH (fillfactor = 50);

-- The last batch of writes of each server: whether a commit without an answer went through is read
-- from here.
CREATE TABLE commits (
    server text PRIMARY KEY,
    number bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE tokens (
    account text NOT NULL,
    action text NOT NULL,
    token text NOT NULL,
    parameters text NOT NULL,
    reply text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account, action, token)
);
CREATE INDEX tokens_by_age ON tokens (created_at);

CREATE TABLE calls (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL
);

CREATE TABLE access_keys (
    id text COLLATE "C" PRIMARY KEY,
    body text NOT NULL
);

-- Disks that are removed while their bytes may still be there.
CREATE TABLE discards (
    disk text COLLATE "C" PRIMARY KEY
);

-- Snapshots that are removed, or failed, while bytes of them may still be there.
CREATE TABLE snapshot_discards (
    snapshot text COLLATE "C" PRIMARY KEY
);

-- Requests that may have changed something, so that none is served again, by any server.
CREATE TABLE nonces (
    timestamp_s bigint NOT NULL,
    hash bigint NOT NULL,
    PRIMARY KEY (timestamp_s, hash)
);
-- All requests that were signed up to this second may have been seen and forgotten.
CREATE TABLE forgotten_nonces (
    one bigint PRIMARY KEY CHECK (one = 1),
    until_s bigint NOT NULL
);
