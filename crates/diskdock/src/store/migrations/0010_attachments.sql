-- Which disks an instance has changes when one comes or goes; how each is attached is in the disk.
ALTER TABLE attachments DROP COLUMN device;
ALTER TABLE attachments DROP COLUMN phase;
ALTER TABLE attachments DROP COLUMN generation;
