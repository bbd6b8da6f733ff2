-- Undoes 0019_hosts.sql for an older diskdock, which knows no hosts: instances keep the names of theirs.
DROP TABLE host_work;
DROP TABLE host_loads;
DROP TABLE placements;
DROP TABLE heartbeats;
DROP TABLE hosts;
