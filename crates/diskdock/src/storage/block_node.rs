//! The block node with which QEMU opens a file.

use std::path::Path;

use serde_json::{Value, json};

use super::disk_format::DiskFormat;
use super::file_io::FileIo;

/// The node, but for its name.
///
/// The guest's flushes are honoured, whether the host's page cache lies in between or not, and the
/// file is locked against every other QEMU.
pub(super) fn file_node(path: &Path, format: DiskFormat, io: FileIo) -> Value {
    json!({
        "driver": format.as_str(),
        "read-only": false,
        "discard": "unmap",
        "cache": { "direct": io.direct, "no-flush": false },
        "file": {
            "driver": "file",
            "filename": path,
            "locking": "on",
            "aio": io.aio.as_str(),
            "cache": { "direct": io.direct, "no-flush": false },
            "read-only": false,
            "discard": "unmap",
        },
    })
}
