//! Names of devices and files made of ids. An id with a character that QEMU or the file system
//! could read as something else is refused.

use domain::{DiskId, InstanceId, SnapshotId};

use crate::hypervisor::{AttachmentId, TransientError};

/// Characters of an id at most. With the generation it makes a name of a block node, of which
/// QEMU takes 31 bytes.
const LONGEST: usize = 24;
/// Bytes of a block node's name at most (QEMU 7.2, `BlockDriverState.node_name`).
const NODE_NAME: usize = 31;
/// The container of devices that have a name, in QEMU's tree of objects.
const PERIPHERAL: &str = "/machine/peripheral/";
/// The part of a virtio device that does not depend on its bus.
const BACKEND: &str = "/virtio-backend";

/// Letters, digits and hyphens, beginning with a letter.
fn is_plain(id: &str) -> bool {
    let first = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let all = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    first && all && id.len() <= LONGEST
}

fn refused(id: &str) -> TransientError {
    TransientError(format!("{id:?} cannot be the name of a file or a device"))
}

/// The id of an instance, if it can be the name of a directory.
pub(crate) fn of_instance(id: &InstanceId) -> Result<&str, TransientError> {
    let id = id.as_str();
    if is_plain(id) { Ok(id) } else { Err(refused(id)) }
}

/// The name of a disk's device and block node in one attachment of its life, such as
/// `d-bp1….3`.
pub(crate) fn of_device(attachment: &AttachmentId) -> Result<String, TransientError> {
    let name = format!("{}.{}", attachment.disk, attachment.generation);
    let fits = is_plain(attachment.disk.as_str()) && name.len() <= NODE_NAME;
    if fits { Ok(name) } else { Err(refused(&name)) }
}

/// The name of the job that copies a disk into a snapshot, and of the block node of that. It has no
/// dot, so it is no name of a device.
pub(crate) fn of_snapshot(snapshot: &SnapshotId) -> Result<&str, TransientError> {
    let id = snapshot.as_str();
    if is_plain(id) { Ok(id) } else { Err(refused(id)) }
}

/// The disk and the generation that a device's name stands for.
pub(crate) fn parse_device(name: &str) -> Option<(DiskId, u64)> {
    let (disk, generation) = name.rsplit_once('.')?;
    let generation = generation.parse().ok()?;
    is_plain(disk).then(|| (DiskId::from(disk), generation))
}

/// The path of the part of a device that has its volume open.
pub(crate) fn backend_path(device: &str) -> String {
    format!("{PERIPHERAL}{device}{BACKEND}")
}

/// The disk and the generation of the device whose part with the volume has this path.
pub(crate) fn parse_backend_path(path: &str) -> Option<(DiskId, u64)> {
    parse_device(path.strip_prefix(PERIPHERAL)?.strip_suffix(BACKEND)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(disk: &str, generation: u64) -> AttachmentId {
        AttachmentId { instance: "i-1".into(), disk: disk.into(), generation }
    }

    #[test]
    fn name_round_trips_disk_and_generation() {
        let name = of_device(&attachment("d-bp1abcdefghijklmnopq", 17)).unwrap();
        assert_eq!(name, "d-bp1abcdefghijklmnopq.17");
        assert_eq!(parse_device(&name), Some(("d-bp1abcdefghijklmnopq".into(), 17)));
        for odd in ["net0", "rp3", "d-1", "d-1.", "d-1.x", "d,1.3", "../x.1", ".1", "1.1"] {
            assert_eq!(parse_device(odd), None, "{odd}");
        }
    }

    #[test]
    fn backend_path_round_trips_disk_and_generation() {
        let path = backend_path("d-1.17");
        assert_eq!(path, "/machine/peripheral/d-1.17/virtio-backend");
        assert_eq!(parse_backend_path(&path), Some(("d-1".into(), 17)));
        for odd in [
            "/machine/peripheral/d-1.17",
            "d-1.17/virtio-backend",
            "/machine/peripheral/net0/virtio-backend",
        ] {
            assert_eq!(parse_backend_path(odd), None, "{odd}");
        }
    }

    #[test]
    fn parse_refuses_ambiguous_names() {
        let long = "d".repeat(25);
        for odd in ["", "..", "a/b", "a,b=c", "a b", "a\0b", "-a", "7a", "ä", "a\n", &long] {
            assert!(of_device(&attachment(odd, 1)).is_err(), "{odd:?}");
            assert!(of_instance(&odd.into()).is_err(), "{odd:?}");
        }
        assert!(of_device(&attachment("d-bp1abcdefghijklmnopq", u64::MAX)).is_err(), "too long");
    }
}
