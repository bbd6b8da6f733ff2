-- Undoes 0017_kms_keys.sql for an older diskdock, which has no keys: disks keep the ids that they name.
DROP TABLE kms_keys;
DELETE FROM terms WHERE kind = 'key';
DELETE FROM counts WHERE what = 'key';
