//! The specification of a machine, as the store has it.

use domain::{DiskId, InstanceId};
use serde::{Deserialize, Serialize};

use super::{DiskLimit, Forward};

/// The specification of a machine, from the store. Its disks are on the driver's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSpec {
    /// The instance.
    pub instance: InstanceId,
    /// Virtual processors; 0 if its type cannot be had any more.
    pub processors: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Disks that it can hold, the system disk included.
    pub disk_quantity: u32,
    /// The image that says how it starts.
    pub image: String,
    /// The disk it boots from.
    pub system_disk: Option<DiskId>,
    /// Its disks in the order of their device names, in which its guest finds them at boot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disk_order: Vec<DiskId>,
    /// Disks that were Detaching when the start or reboot was accepted and still are, with the
    /// generations of their attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<(DiskId, u64)>,
    /// Its name inside the guest.
    pub host_name: String,
    /// UserData for the first boot, in Base64; possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_data: String,
    /// The key that the guest lets in, in the form of OpenSSH; possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_key: String,
    /// The hash of root's password in the form of crypt(3), which the guest is to have; possibly
    /// empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password_hash: String,
    /// Ports of this host that lead into the guest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forwards: Vec<Forward>,
    /// The address that the guest is given on its network; possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub private_ip: String,
    /// The hardware address of its network card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mac: String,
    /// The most that it gets out of each of its disks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<DiskLimit>,
    /// The disks, of its own, that other machines may have at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<DiskId>,
}
