//! The record of a fence, which is kept for good, also when the host is forgotten.

use serde::{Deserialize, Serialize};

use super::Host;
use crate::unknown::UnknownFields;

/// A fence: from then on, no guest of this boot may write, and nobody may come with this key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FenceRecord {
    /// The host.
    pub host: String,
    /// The boot that its computer was in.
    pub boot_id: String,
    /// The epoch of the fence.
    pub epoch: i64,
    /// The user of Ceph that it worked as; empty if it had none.
    #[serde(default)]
    pub user: String,
    /// The fingerprint of its key; empty if that was not known.
    #[serde(default)]
    pub key: String,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// Why a host cannot be taken in after a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FenceObstacle {
    /// Its computer was not started again since: guests of before may still run.
    SameBoot,
    /// It cannot be told whether its computer was started again.
    UnknownBoot,
    /// It has the key that was taken away.
    SameKey,
}

impl FenceRecord {
    /// The record of a fence of this host, in its epoch.
    pub fn of(host: &Host) -> FenceRecord {
        let pool = host.pool.clone().unwrap_or_default();
        FenceRecord {
            host: host.name.clone(),
            boot_id: host.boot_id.clone(),
            epoch: host.epoch,
            user: pool.user,
            key: pool.key,
            unknown: UnknownFields::default(),
        }
    }

    /// The obstacle to a host of this name, boot and key, if there is one. A key without a
    /// fingerprint is none that is known.
    pub fn obstacle(&self, name: &str, boot_id: &str, key: &str) -> Option<FenceObstacle> {
        if !key.is_empty() && key == self.key {
            return Some(FenceObstacle::SameKey);
        }
        if boot_id.is_empty() || self.boot_id.is_empty() {
            return (name == self.host).then_some(FenceObstacle::UnknownBoot);
        }
        (boot_id == self.boot_id).then_some(FenceObstacle::SameBoot)
    }
}
