//! An open file that `qemu-img` is to read, whatever has its name by then.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use super::error::StorageError;
use super::tool::Tool;

/// An open file, and the path that it was opened by.
pub(super) struct OpenedFile {
    /// The file.
    pub file: File,
    /// The path, for messages.
    pub path: PathBuf,
}

impl OpenedFile {
    /// The path of the open file, independent of its name.
    pub(super) fn node(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// Words of a command, with the file's own name in the place of [`OpenedFile::node`].
    pub(super) fn plain(&self, words: &str) -> String {
        words.replace(&self.node(), &self.path.display().to_string())
    }

    /// A failure of a command, with the file's own name.
    pub(super) fn named(&self, fault: StorageError) -> StorageError {
        match fault {
            StorageError::Tool { command, words } => {
                StorageError::Tool { command, words: self.plain(&words) }
            }
            other => other,
        }
    }

    /// The bytes of data that have to be copied, by `qemu-img measure` of this node.
    pub(super) fn measure(&self, tool: Tool<'_>, node: &str) -> Result<u64, StorageError> {
        // As qcow2: for a raw file it would count the holes.
        let tool = tool.arg("--output=json").arg("-O").arg("qcow2").arg(node);
        let output = tool.run().map_err(|fault| self.named(fault))?;
        let measured: serde_json::Value = serde_json::from_str(&output).unwrap_or_default();
        measured["required"].as_u64().ok_or_else(|| StorageError::Tool {
            command: "qemu-img measure".to_owned(),
            words: "it did not say how many bytes are required".to_owned(),
        })
    }
}
