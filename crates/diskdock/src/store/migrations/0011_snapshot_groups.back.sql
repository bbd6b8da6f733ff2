-- Undoes 0011_snapshot_groups.sql for an older diskdock, which has no snapshot groups.
DROP TABLE snapshot_groups;
DELETE FROM terms WHERE kind = 'snapshot group' OR (kind = 'snapshot' AND term = 'group');
DELETE FROM counts WHERE what = 'snapshot group';
