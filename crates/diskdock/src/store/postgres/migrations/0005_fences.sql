-- Fences of hosts, which outlive these: a boot and a key that were fenced never come back. A server of the version
-- before writes none.
CREATE TABLE fences (
    host text COLLATE "C" NOT NULL,
    boot_id text COLLATE "C" NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (host, boot_id)
);
