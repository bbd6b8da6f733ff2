-- Undoes 0020_discards_on_hosts.sql for an older diskdock, whose hosts have no bytes.
ALTER TABLE discards DROP COLUMN host;
ALTER TABLE snapshot_discards DROP COLUMN host;
