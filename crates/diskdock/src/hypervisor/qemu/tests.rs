//! A driver for tests, with volumes of a directory whose calls fail as a test wants.

use std::path::Path;
use std::sync::{Arc, Mutex};

use domain::{DiskId, InstanceId, SnapshotId};
use rustix::io::Errno;

use super::accel::AccelChoice;
use super::network::{Network, Programs};
use super::throttle::DiskThrottle;
use super::{Config, Qemu};
use crate::hypervisor::{AttachmentId, MachineSpec};
use crate::storage::{
    Begun, Content, CopyWatch, Deleted, Directory, Holder, ImageStart, NewVolume, Opened,
    SnapshotState, Snapshots, StorageError, SyncHandle, Volume, Volumes,
};

/// The error of a call for a disk, if it is to fail.
type Fault = fn(&str) -> Option<StorageError>;

/// Volumes that fail.
pub(super) struct FlawedVolumes {
    sound: Directory,
    /// Calls, by their names, that are to fail, each once.
    faults: Mutex<Vec<(&'static str, StorageError)>>,
    /// Calls that fail until they are repaired.
    lasting: Mutex<Vec<(&'static str, Fault)>>,
}

impl FlawedVolumes {
    /// Lets the next call of this name fail.
    pub(super) fn fail(&self, call: &'static str, error: StorageError) {
        self.faults.lock().unwrap().push((call, error));
    }

    /// Lets the calls of this name fail from now on, for disks of which this tells an error.
    pub(super) fn fail_always(&self, call: &'static str, fault: Fault) {
        self.lasting.lock().unwrap().push((call, fault));
    }

    /// From now on, no call fails.
    pub(super) fn repair(&self) {
        self.lasting.lock().unwrap().clear();
    }

    fn fault(&self, call: &str, disk: &str) -> Result<(), StorageError> {
        let lasting = self.lasting.lock().unwrap();
        let of_call = lasting.iter().filter(|(wanted, _)| *wanted == call);
        if let Some(error) = of_call.filter_map(|(_, fault)| fault(disk)).next() {
            return Err(error);
        }
        let mut faults = self.faults.lock().unwrap();
        let found = faults.iter().position(|(wanted, _)| *wanted == call);
        found.map_or(Ok(()), |at| Err(faults.remove(at).1))
    }
}

/// The error of the system when too many files are open.
pub(super) fn too_many_files() -> StorageError {
    StorageError::Io { doing: "open", path: "disk".into(), source: Errno::MFILE.into() }
}

/// A driver with the flawed volumes of a directory, and these.
pub(super) fn driver(directory: &Path) -> (Arc<Qemu>, Arc<FlawedVolumes>) {
    driver_with(directory, Path::new("qemu-system-x86_64"))
}

/// The same, with this program for QEMU.
pub(super) fn driver_with(directory: &Path, qemu: &Path) -> (Arc<Qemu>, Arc<FlawedVolumes>) {
    let config = Config {
        program: qemu.to_owned(),
        accel: AccelChoice::Tcg,
        user: None,
        network: Network::None,
        programs: Programs { relay: "diskdock".into(), passt: "passt".into() },
        throttle: DiskThrottle::Off,
        freeze_guests: true,
        shutdown_grace_ms: 30_000,
    };
    let sound = Directory::open(directory, None).unwrap();
    let volumes =
        Arc::new(FlawedVolumes { sound, faults: Mutex::default(), lasting: Mutex::default() });
    (Qemu::open(config, directory, Arc::clone(&volumes) as _), volumes)
}

/// A small machine without disks, image and names.
pub(super) fn spec(instance: &str) -> MachineSpec {
    MachineSpec {
        instance: instance.into(),
        processors: 1,
        memory_mib: 64,
        disk_quantity: 17,
        image: String::new(),
        system_disk: None,
        disk_order: Vec::new(),
        leaving: Vec::new(),
        host_name: String::new(),
        user_data: String::new(),
        public_key: String::new(),
        password_hash: String::new(),
        forwards: Vec::new(),
        private_ip: String::new(),
        mac: String::new(),
        limits: Vec::new(),
        shared: Vec::new(),
    }
}

/// The first attachment of a disk to an instance.
pub(super) fn attachment(instance: &InstanceId, disk: &str) -> AttachmentId {
    AttachmentId { instance: instance.clone(), disk: disk.into(), generation: 1 }
}

/// Calls that are about a disk or a snapshot in the first place.
macro_rules! may_fail {
    ($($name:ident($of:ident: $id:ty $(, $argument:ident: $type:ty)*) -> $result:ty;)*) => {$(
        fn $name(&self, $of: $id $(, $argument: $type)*) -> Result<$result, StorageError> {
            self.fault(stringify!($name), $of.as_ref())?;
            self.sound.$name($of $(, $argument)*)
        }
    )*};
}

/// Calls about all of them.
macro_rules! are_sound {
    ($($name:ident -> $result:ty;)*) => {$(
        fn $name(&self) -> Result<$result, StorageError> {
            self.sound.$name()
        }
    )*};
}

impl Volumes for FlawedVolumes {
    may_fail! {
        create(volume: &NewVolume, image: Option<&str>) -> ();
        adopt(volume: &NewVolume, staged: &str, watch: CopyWatch<'_>) -> ();
        try_key(disk: &DiskId) -> ();
        find(disk: &DiskId) -> Volume;
        resize(disk: &DiskId, size_gib: u32) -> ();
        sync(disk: &DiskId) -> ();
        open_for_sync(disk: &DiskId, opened: Option<&Opened>) -> Arc<dyn SyncHandle>;
        check_name(disk: &DiskId, opened: &Opened) -> ();
        refuse_if_written(disk: &DiskId) -> ();
        delete(disk: &DiskId) -> Deleted;
        used_bytes(disk: &DiskId) -> Option<u64>;
        holders(disk: &DiskId) -> Vec<Holder>;
        accept(disk: &DiskId) -> Option<String>;
        restore(disk: &DiskId, opened: &Opened, process: u32) -> Opened;
        image_start(image: &str) -> Option<ImageStart>;
    }

    are_sound! {
        has_free_space -> bool;
        free_bytes -> u64;
        list -> Vec<DiskId>;
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
    are_sound! {
        snapshots -> Vec<SnapshotId>;
    }

    may_fail! {
        snapshot_state(snapshot: &SnapshotId) -> SnapshotState;
        take(snapshot: &SnapshotId, disk: &DiskId, watch: CopyWatch<'_>) -> ();
        begin(snapshot: &SnapshotId, disk: &DiskId) -> Begun;
        begin_copy(snapshot: &SnapshotId, disk: &DiskId) -> Volume;
        begun(snapshot: &SnapshotId) -> Volume;
        finish(snapshot: &SnapshotId) -> ();
        delete_snapshot(snapshot: &SnapshotId) -> Deleted;
        prepare(snapshot: &SnapshotId, disk: &DiskId) -> ();
        create_from(volume: &NewVolume, snapshot: &SnapshotId, watch: CopyWatch<'_>) -> ();
        set_back(volume: &NewVolume, content: &Content, watch: CopyWatch<'_>) -> ();
        copy_snapshot(
            from: &SnapshotId, to: &SnapshotId, encrypted: bool, watch: CopyWatch<'_>
        ) -> ();
    }
}
