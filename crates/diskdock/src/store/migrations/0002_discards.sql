-- Disks that are gone from the store while their bytes may still be there.
CREATE TABLE discards (
    disk TEXT PRIMARY KEY
) WITHOUT ROWID;
