//! Everything in the books, as one value: for export, import and comparison.

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
