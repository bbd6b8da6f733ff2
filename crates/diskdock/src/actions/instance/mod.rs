//! Instances: run, create, start, stop, reboot, delete, describe.

use crate::catalog::Entry;

/// The actions of this group, in order.
pub static ACTIONS: &[Entry] = &[];
