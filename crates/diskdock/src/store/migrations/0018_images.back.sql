-- Undoes 0018_images.sql for an older diskdock, which has no custom images: instances and disks keep the ids that they name.
DROP TABLE images;
DELETE FROM terms WHERE kind = 'image' OR (kind = 'instance' AND term = 'image');
DELETE FROM counts WHERE what = 'image';
