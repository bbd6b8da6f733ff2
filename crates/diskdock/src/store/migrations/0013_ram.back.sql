-- Undoes 0013_ram.sql for an older diskdock, which has no users: to it, their keys would be those of
-- their account, so they go.
DROP TABLE ram_users;
DROP TABLE ram_policies;
DELETE FROM access_keys WHERE body ->> '$.user' IS NOT NULL;
DELETE FROM access_keys WHERE json_array_length(body, '$.policies') > 0;
DELETE FROM terms WHERE kind IN ('user', 'policy');
DELETE FROM counts WHERE what IN ('user', 'policy');
