//! The block node with which QEMU opens a file.

use std::path::Path;

use serde_json::{Value, json};

use super::directory::DiskFormat;

/// The node, but for its name.
///
/// The guest's flushes are honoured (the host's page cache lies in between), and the file is locked
/// against every other QEMU.
pub(super) fn file_node(path: &Path, format: DiskFormat) -> Value {
    json!({
        "driver": format.as_str(),
        "read-only": false,
        "discard": "unmap",
        "file": {
            "driver": "file",
            "filename": path,
            "locking": "on",
            "read-only": false,
            "discard": "unmap",
        },
    })
}
