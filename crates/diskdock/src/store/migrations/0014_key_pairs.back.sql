-- Undoes 0014_key_pairs.sql for an older diskdock, which has no key pairs.
DROP TABLE key_pairs;
DELETE FROM terms WHERE kind = 'key pair';
DELETE FROM counts WHERE what = 'key pair';
