//! Regions, zones, types and images: what can be had.

use crate::catalog::Entry;

/// The actions of this group, in order.
pub static ACTIONS: &[Entry] = &[];
