-- Hosts, whose use follows from the instances that are placed on them. A change of the epoch waits
-- for all transactions that hold it (FOR KEY SHARE), since it is part of a key; other changes of
-- the row do not.
CREATE TABLE hosts (
    name text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    body text NOT NULL,
    UNIQUE (name, epoch)
) WITH (fillfactor = 50);

-- When a host was heard of, by the time of the database. Apart from the host, so that it keeps no
-- placement waiting.
CREATE TABLE heartbeats (
    host text COLLATE "C" PRIMARY KEY,
    heard_ms bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE placements (
    host text COLLATE "C" NOT NULL,
    instance text COLLATE "C" NOT NULL,
    PRIMARY KEY (host, instance)
);

-- How many instances of a type are placed on a host, so that no placement has to count.
CREATE TABLE host_loads (
    host text COLLATE "C" NOT NULL,
    instance_type text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (host, instance_type)
) WITH (fillfactor = 50);

-- Operations that wait to be taken by a host.
CREATE TABLE host_work (
    host text COLLATE "C" NOT NULL,
    operation bigint NOT NULL,
    PRIMARY KEY (host, operation)
);
