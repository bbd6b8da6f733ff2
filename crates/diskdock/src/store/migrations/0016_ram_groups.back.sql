-- Undoes 0016_ram_groups.sql for an older diskdock, which has no groups: their users may do less there.
DROP TABLE ram_groups;
UPDATE ram_users SET body = json_remove(body, '$.groups');
DELETE FROM terms WHERE kind = 'group' OR (kind = 'user' AND term = 'group');
DELETE FROM counts WHERE what = 'group';
