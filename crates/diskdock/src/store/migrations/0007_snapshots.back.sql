-- Undoes 0007_snapshots.sql for an older diskdock, which has no snapshots.
DROP TABLE snapshots;
DELETE FROM terms WHERE kind = 'snapshot' OR term = 'source_snapshot';
DELETE FROM counts WHERE what = 'snapshot';
