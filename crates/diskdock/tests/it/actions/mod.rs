//! One story file for each action.

mod detach_disk;
