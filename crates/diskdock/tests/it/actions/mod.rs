//! One story file for each action.

mod attach_disk;
mod create_disk;
mod delete_disk;
mod describe_disks;
mod detach_disk;
