-- The host that has the bytes, which alone can discard them; empty if none has. A server of the version
-- before forgets those of hosts with its own, so that bytes of a host may stay.
ALTER TABLE discards ADD COLUMN host text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE snapshot_discards ADD COLUMN host text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX discards_by_host ON discards (host, disk);
CREATE INDEX snapshot_discards_by_host ON snapshot_discards (host, snapshot);
