-- Undoes 0003_nonces.sql for an older diskdock.
DROP TABLE nonces;
DROP TABLE forgotten_nonces;
