-- Snapshots that are gone from the store, or failed, while bytes of them may still be there.
CREATE TABLE snapshot_discards (
    snapshot TEXT PRIMARY KEY
) WITHOUT ROWID;
