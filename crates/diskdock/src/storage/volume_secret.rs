//! Secrets that open volumes: QEMU is told the path of a file only.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::keys::{self, DiskKey};

/// A secret that opens a volume.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum VolumeSecret {
    /// The key of an encrypted file.
    Luks(DiskKey),
    /// The file with the key of a user of Ceph, in Base64.
    Cephx(PathBuf),
}

impl VolumeSecret {
    /// QEMU's object of this name that holds the secret: the path of its file.
    pub(super) fn object(&self, name: &str) -> Value {
        match self {
            VolumeSecret::Luks(key) => key.secret(name),
            VolumeSecret::Cephx(path) => {
                let path = path.display().to_string();
                json!({ "qom-type": "secret", "id": name, "file": path, "format": "base64" })
            }
        }
    }

    /// Has a block node opened with the object of this name.
    pub(super) fn open_with(&self, node: &mut Value, name: &str) {
        match self {
            VolumeSecret::Luks(_) => keys::encrypt(node, name),
            VolumeSecret::Cephx(_) => node["key-secret"] = name.into(),
        }
    }
}
