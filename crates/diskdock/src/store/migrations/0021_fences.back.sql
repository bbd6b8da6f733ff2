-- Undoes 0021_fences.sql for an older diskdock, which takes in whoever comes.
DROP TABLE fences;
