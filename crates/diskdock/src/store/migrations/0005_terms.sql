-- Lists in the order of creation, and every text that a resource is found by in one index.
ALTER TABLE disks ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE disks SET created_at = json_extract(body, '$.created_at');
DROP INDEX disks_by_place;
CREATE INDEX disks_by_age ON disks (account, region, created_at, id);

ALTER TABLE instances ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN status TEXT NOT NULL DEFAULT '';
UPDATE instances SET created_at = json_extract(body, '$.created_at'),
    zone = json_extract(body, '$.zone'), status = json_extract(body, '$.status');
DROP INDEX instances_by_place;
CREATE INDEX instances_by_age ON instances (account, region, created_at, id);

-- Names, resource groups, tags (`tag:` and the key) and the like, of every kind of resource.
CREATE TABLE terms (
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    term TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, term, value, created_at, id)
) WITHOUT ROWID;
INSERT INTO terms SELECT 'disk', account, region, 'name', name, created_at, id
    FROM disks WHERE name <> '';
INSERT INTO terms SELECT 'disk', account, region, 'resource_group',
    json_extract(body, '$.resource_group'), created_at, id
    FROM disks WHERE coalesce(json_extract(body, '$.resource_group'), '') <> '';
INSERT OR IGNORE INTO terms SELECT 'disk', account, region,
    'tag:' || json_extract(tag.value, '$.key'), json_extract(tag.value, '$.value'), created_at, disks.id
    FROM disks, json_each(disks.body, '$.tags') AS tag;
INSERT INTO terms SELECT 'instance', account, region, 'name', json_extract(body, '$.name'),
    created_at, id
    FROM instances WHERE coalesce(json_extract(body, '$.name'), '') <> '';
INSERT INTO terms SELECT 'instance', account, region, 'resource_group',
    json_extract(body, '$.resource_group'), created_at, id
    FROM instances WHERE coalesce(json_extract(body, '$.resource_group'), '') <> '';
INSERT OR IGNORE INTO terms SELECT 'instance', account, region,
    'tag:' || json_extract(tag.value, '$.key'), json_extract(tag.value, '$.value'), created_at,
    instances.id
    FROM instances, json_each(instances.body, '$.tags') AS tag;

-- What the store is called and how often it was opened: a copy that is older than the directory
-- it lies in is found out by it.
CREATE TABLE IF NOT EXISTS identity (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- What operations of version 0.1.0 had in the place of their lease and of the time they used.
UPDATE operations SET body =
    json_remove(body, '$.next_at', '$.deadline_at', '$.standing_since', '$.lease_until');
