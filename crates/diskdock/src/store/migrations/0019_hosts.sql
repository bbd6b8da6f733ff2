-- Hosts, whose use follows from the instances that are placed on them.
CREATE TABLE hosts (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
-- When a host was heard of, by the time of the database.
CREATE TABLE heartbeats (
    host TEXT PRIMARY KEY,
    heard_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE placements (
    host TEXT NOT NULL,
    instance TEXT NOT NULL,
    PRIMARY KEY (host, instance)
) WITHOUT ROWID;
-- How many instances of a type are placed on a host, so that no placement has to count.
CREATE TABLE host_loads (
    host TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (host, instance_type)
) WITHOUT ROWID;
-- Operations that wait to be taken by a host.
CREATE TABLE host_work (
    host TEXT NOT NULL,
    operation INTEGER NOT NULL,
    PRIMARY KEY (host, operation)
) WITHOUT ROWID;
