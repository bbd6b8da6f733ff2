-- Undoes 0006_tasks.sql for an older diskdock, which has no tasks.
DROP TABLE tasks;
DELETE FROM terms WHERE kind = 'task';
DELETE FROM counts WHERE what = 'task';
