-- The host that has the bytes, which alone can discard them; empty where the server has them itself.
ALTER TABLE discards ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshot_discards ADD COLUMN host TEXT NOT NULL DEFAULT '';
