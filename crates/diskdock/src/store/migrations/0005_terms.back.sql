-- Undoes 0005_terms.sql for an older diskdock. The identity stays, which that one does not mind.
DROP TABLE terms;
DROP INDEX disks_by_age;
ALTER TABLE disks DROP COLUMN created_at;
CREATE INDEX disks_by_place ON disks (account, region);
DROP INDEX instances_by_age;
ALTER TABLE instances DROP COLUMN status;
ALTER TABLE instances DROP COLUMN zone;
ALTER TABLE instances DROP COLUMN created_at;
CREATE INDEX instances_by_place ON instances (account, region);
