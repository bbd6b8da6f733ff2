-- Undoes 0008_snapshot_discards.sql for an older diskdock, which keeps no bytes of snapshots.
DROP TABLE snapshot_discards;
