-- Fences of hosts, which outlive these: a boot and a key that were fenced never come back.
CREATE TABLE fences (
    host TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (host, boot_id)
) WITHOUT ROWID;
