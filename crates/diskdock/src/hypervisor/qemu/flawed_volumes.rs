//! Volumes of a directory whose calls fail as a test wants.

use std::path::Path;
use std::sync::{Arc, Mutex};

use domain::{DiskId, InstanceId, SnapshotId};
use rustix::io::Errno;

use super::accel::AccelChoice;
use super::network::{Network, Programs};
use super::throttle::DiskThrottle;
use super::{Config, Qemu};
use crate::hypervisor::AttachmentId;
use crate::storage::{
    Begun, Content, CopyWatch, Deleted, Directory, Holder, ImageStart, Opened, SnapshotState,
    Snapshots, StorageError, SyncHandle, Volume, Volumes,
};

/// Volumes that fail.
pub(super) struct FlawedVolumes {
    sound: Directory,
    /// Calls, by their names, that are to fail, each once.
    faults: Mutex<Vec<(&'static str, StorageError)>>,
}

impl FlawedVolumes {
    /// Lets the next call of this name fail.
    pub(super) fn fail(&self, call: &'static str, error: StorageError) {
        self.faults.lock().unwrap().push((call, error));
    }

    fn fault(&self, call: &str) -> Result<(), StorageError> {
        let mut faults = self.faults.lock().unwrap();
        let found = faults.iter().position(|(wanted, _)| *wanted == call);
        found.map_or(Ok(()), |at| Err(faults.remove(at).1))
    }
}

/// What the system says when too many files are open.
pub(super) fn too_many_files() -> StorageError {
    StorageError::Io { doing: "open", path: "disk".into(), source: Errno::MFILE.into() }
}

/// A driver with the flawed volumes of a directory, and these.
pub(super) fn driver(directory: &Path) -> (Arc<Qemu>, Arc<FlawedVolumes>) {
    let config = Config {
        program: "qemu-system-x86_64".into(),
        accel: AccelChoice::Tcg,
        user: None,
        network: Network::None,
        programs: Programs { relay: "diskdock".into(), passt: "passt".into() },
        throttle: DiskThrottle::Off,
        shutdown_grace_ms: 30_000,
    };
    let sound = Directory::open(directory, None).unwrap();
    let volumes = Arc::new(FlawedVolumes { sound, faults: Mutex::default() });
    (Qemu::open(config, directory, Arc::clone(&volumes) as _), volumes)
}

/// The first attachment of a disk to an instance.
pub(super) fn attachment(instance: &InstanceId, disk: &str) -> AttachmentId {
    AttachmentId { instance: instance.clone(), disk: disk.into(), generation: 1 }
}

macro_rules! may_fail {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> Result<$result, StorageError> {
            self.fault(stringify!($name))?;
            self.sound.$name($($argument),*)
        }
    )*};
}

impl Volumes for FlawedVolumes {
    may_fail! {
        create(disk: &DiskId, size_gib: u32, image: Option<&str>) -> ();
        adopt(disk: &DiskId, size_gib: u32, staged: &str) -> ();
        find(disk: &DiskId) -> Volume;
        resize(disk: &DiskId, size_gib: u32) -> ();
        sync(disk: &DiskId) -> ();
        open_for_sync(disk: &DiskId, opened: Option<&Opened>) -> Arc<dyn SyncHandle>;
        refuse_if_written(disk: &DiskId) -> ();
        delete(disk: &DiskId) -> Deleted;
        has_free_space() -> bool;
        free_bytes() -> u64;
        list() -> Vec<DiskId>;
        holders(disk: &DiskId) -> Vec<Holder>;
        accept(disk: &DiskId) -> Option<String>;
        restore(disk: &DiskId, opened: &Opened, process: u32) -> Opened;
        image_start(image: &str) -> Option<ImageStart>;
    }

    fn mark_damaged(&self, disk: &DiskId, why: &str) {
        self.sound.mark_damaged(disk, why);
    }

    fn damaged(&self) -> Vec<(DiskId, String)> {
        self.sound.damaged()
    }

    fn write_damages(&self) {
        self.sound.write_damages();
    }
}

impl Snapshots for FlawedVolumes {
    may_fail! {
        snapshot_state(snapshot: &SnapshotId) -> SnapshotState;
        take(snapshot: &SnapshotId, disk: &DiskId, watch: CopyWatch<'_>) -> ();
        begin(snapshot: &SnapshotId, disk: &DiskId) -> Begun;
        begin_copy(snapshot: &SnapshotId, disk: &DiskId) -> Volume;
        begun(snapshot: &SnapshotId) -> Volume;
        finish(snapshot: &SnapshotId) -> ();
        delete_snapshot(snapshot: &SnapshotId) -> Deleted;
        snapshots() -> Vec<SnapshotId>;
        create_from(
            disk: &DiskId, size_gib: u32, snapshot: &SnapshotId, watch: CopyWatch<'_>
        ) -> ();
        set_back(disk: &DiskId, size_gib: u32, content: &Content, watch: CopyWatch<'_>) -> ();
        copy_snapshot(from: &SnapshotId, to: &SnapshotId, watch: CopyWatch<'_>) -> ();
    }
}
