//! The pool of Ceph that a host has its disks in.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The pool of Ceph that a host has its disks in, and as whom it works there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPool {
    /// The id of the cluster; empty if it did not answer when the host registered.
    #[serde(default)]
    pub cluster: String,
    /// The name of the pool.
    pub name: String,
    /// The user of Ceph, without `client.` before it.
    #[serde(default)]
    pub user: String,
    /// The fingerprint of the user's key; empty if an earlier version wrote this down.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// All addresses that Ceph sees it at; empty if Ceph did not answer when it registered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

impl HostPool {
    /// Whether it is the same pool, so that disks of one host are there for the other.
    pub fn is_that_of(&self, other: &HostPool) -> bool {
        self.cluster == other.cluster && self.name == other.name
    }
}
