//! Everything in the store, as one value: for export, import and comparison.

use std::collections::HashSet;

use domain::{Disk, Instance, InstanceId};
use serde::{Deserialize, Serialize};

use super::records::OperationRow;

/// The version of the format below. Fields may be added to it, never changed.
pub const FORMAT: u32 = 1;

/// The whole state but for access keys, ClientTokens and the record of calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// [`FORMAT`].
    pub format: u32,
    /// All disks, oldest first.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// All instances, oldest first.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// User data of instances, in Base64.
    #[serde(default)]
    pub user_data: Vec<(InstanceId, String)>,
    /// Operations in flight.
    #[serde(default)]
    pub operations: Vec<OperationRow>,
}

/// What is wrong with an export.
#[derive(Debug)]
pub struct SnapshotFault(pub String);

impl Snapshot {
    /// Whether it hangs together: ids are unique, and every attachment names an instance of it.
    pub fn check(&self) -> Result<(), SnapshotFault> {
        if self.format != FORMAT {
            let fault = format!("the format is {}, this diskdock reads {FORMAT}", self.format);
            return Err(SnapshotFault(fault));
        }
        let mut instances = HashSet::new();
        for instance in &self.instances {
            if !instances.insert(&instance.id) {
                return Err(SnapshotFault(format!("{} is there twice", instance.id)));
            }
        }
        let mut disks = HashSet::new();
        for disk in &self.disks {
            if !disks.insert(&disk.id) {
                return Err(SnapshotFault(format!("{} is there twice", disk.id)));
            }
            if let Some(lost) = disk.attachments.iter().find(|at| !instances.contains(&at.instance))
            {
                let fault = format!("{} is on {}, which is not there", disk.id, lost.instance);
                return Err(SnapshotFault(fault));
            }
        }
        Ok(())
    }
}
