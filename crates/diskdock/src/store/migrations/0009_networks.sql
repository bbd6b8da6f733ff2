-- VPCs, vSwitches and security groups, and where instances are found by them.
CREATE TABLE vpcs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX vpcs_by_age ON vpcs (account, region, created_at, id);
CREATE TABLE vswitches (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    zone TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX vswitches_by_age ON vswitches (account, region, created_at, id);
CREATE TABLE security_groups (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX security_groups_by_age ON security_groups (account, region, created_at, id);
INSERT INTO terms SELECT 'instance', account, region, 'vswitch',
    json_extract(body, '$.network.vswitch'), created_at, id
    FROM instances WHERE coalesce(json_extract(body, '$.network.vswitch'), '') <> '';
INSERT OR IGNORE INTO terms SELECT 'instance', account, region, 'security_group',
    security_group.value, created_at, instances.id
    FROM instances, json_each(instances.body, '$.network.security_groups') AS security_group
    WHERE security_group.value <> '';
