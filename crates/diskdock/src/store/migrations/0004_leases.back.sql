-- Undoes 0004_leases.sql for an older diskdock, which takes the operations over at once and gives
-- each an hour from now.
DROP TABLE leases;
DROP INDEX operations_in_flight;
CREATE TEMP TABLE kept_operations AS SELECT * FROM operations;
DROP TABLE operations;
CREATE TABLE operations (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    abandoned INTEGER NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO operations SELECT number, kind, abandoned, lease_owner, 0, json_set(
    json_remove(body, '$.time_used'),
    '$.next_at', json_extract(body, '$.created_at'),
    '$.deadline_at', (CAST(strftime('%s', 'now') AS INTEGER) + 3600) * 1000,
    '$.lease_until', 0
) FROM kept_operations;
DROP TABLE kept_operations;
