-- Undoes 0012_snapshot_policies.sql for an older diskdock, which has no policies.
DROP TABLE snapshot_policies;
DELETE FROM terms WHERE kind = 'snapshot policy' OR (kind = 'disk' AND term = 'policy');
DELETE FROM counts WHERE what = 'snapshot policy';
