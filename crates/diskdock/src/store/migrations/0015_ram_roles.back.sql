-- Undoes 0015_ram_roles.sql for an older diskdock, which has no roles: to it, their keys would be those
-- of their account, so they go.
DROP TABLE ram_roles;
DELETE FROM access_keys WHERE body ->> '$.session' IS NOT NULL;
DELETE FROM terms WHERE kind = 'role';
DELETE FROM counts WHERE what = 'role';
