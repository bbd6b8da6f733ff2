-- Undoes 0009_networks.sql for an older diskdock, which has no networks.
DROP TABLE vpcs;
DROP TABLE vswitches;
DROP TABLE security_groups;
DELETE FROM terms WHERE kind IN ('vpc', 'vswitch', 'security group');
DELETE FROM terms WHERE kind = 'instance' AND term IN ('vswitch', 'security_group');
DELETE FROM counts WHERE what IN ('vpc', 'vswitch', 'security group');
