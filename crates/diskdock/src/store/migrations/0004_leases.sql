-- One lease for each server, in the place of one for each of its operations.
CREATE TABLE leases (
    server TEXT PRIMARY KEY,
    renewals BIGINT NOT NULL,
    uptime_ms BIGINT NOT NULL
) WITHOUT ROWID;
ALTER TABLE operations DROP COLUMN lease_until;
CREATE INDEX operations_in_flight ON operations (lease_owner, number) WHERE abandoned = 0;
