-- Undoes 0010_attachments.sql for an older diskdock, which has all of an attachment in the list.
DROP TABLE attachments;
CREATE TABLE attachments (
    instance TEXT NOT NULL,
    disk TEXT NOT NULL,
    device TEXT NOT NULL,
    phase TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (instance, disk)
) WITHOUT ROWID;
INSERT INTO attachments
    SELECT one.value ->> '$.instance', disks.id, one.value ->> '$.device', one.value -> '$.phase',
        one.value ->> '$.generation'
    FROM disks, json_each(disks.body, '$.attachments') AS one;
