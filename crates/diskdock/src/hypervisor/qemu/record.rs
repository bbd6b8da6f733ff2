//! The driver's record of a machine, in a file: its disks, so that they are attached at the next
//! start, and the root port of each one.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use domain::{DiskId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::record_file;
use super::unplug_policy::{PortCooldown, UnplugRequest};
use crate::hypervisor::{AttachmentId, ObservedState};
use crate::reserve;
use crate::storage::Opened;

/// The file in the machine's directory.
const FILE: &str = "machine.json";

/// A disk on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plugged {
    /// The disk.
    pub disk: DiskId,
    /// Which attachment of the disk.
    pub generation: u64,
    /// Its root port, from 0.
    pub port: u32,
    /// Whether the machine has had the device. Until then, its absence means only that the plug
    /// is still under way.
    #[serde(rename = "given")]
    pub device_added: bool,
    /// Whether the machine boots from it. It stays, whatever the guest does to the device.
    #[serde(default)]
    pub system: bool,
    /// The volume as QEMU has opened it, until it is known to be closed and written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
    /// The request to release it; none if the guest was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<UnplugRequest>,
    /// How often it left the guest unrequested.
    #[serde(default, skip_serializing_if = "is_default")]
    #[serde(rename = "lost")]
    pub unrequested_ejects: u32,
    /// Writes that failed since it was given, as QEMU counts them, which have damaged the disk.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed_writes: u64,
    /// Whether other machines may have it at the same time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shared: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Plugged {
    /// A disk of a machine whose record is lost.
    pub(super) fn unknown(attachment: &AttachmentId) -> Plugged {
        Plugged::new(attachment.disk.clone(), attachment.generation, 0, true)
    }

    fn new(disk: DiskId, generation: u64, port: u32, device_added: bool) -> Plugged {
        Plugged {
            disk,
            generation,
            port,
            device_added,
            system: false,
            opened: None,
            request: None,
            unrequested_ejects: 0,
            failed_writes: 0,
            shared: false,
        }
    }
}

/// A snapshot that a machine is copying one of its disks into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotJob {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The disk.
    pub disk: DiskId,
    /// The boot of the machine in which it copies: the job ends with that.
    pub boot: u64,
    /// Why it was told to end before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<String>,
}

/// How a machine starts, which outlives the record of its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StartsFrom {
    /// The boot sector of its system disk.
    Bios,
    /// The boot loader on its system disk, by UEFI.
    Uefi,
    /// The kernel of its image.
    Kernel,
}

/// The record of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its disks.
    pub disks: Vec<Plugged>,
    /// How often it was started.
    pub boots: u64,
    /// The boot that a reboot under way is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebooting: Option<u64>,
    /// The versioned machine type, from its first start on: the hardware that its guest knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// How it started last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<StartsFrom>,
    /// Whether its disks have a thread of their own, in the QEMU that runs.
    #[serde(default)]
    pub io_thread: bool,
    /// Whether it has a port for a guest agent: a machine that was made before has none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub agent_port: bool,
    /// Whether its console takes input, in the QEMU that runs: one that was started before takes
    /// none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub console_socket: bool,
    /// The file systems of its guest may stand still, and are to be let go on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
    /// Ports that take no disk for a while.
    #[serde(rename = "resting", default, skip_serializing_if = "Vec::is_empty")]
    pub cooldowns: Vec<PortCooldown>,
    /// Snapshots that it is copying disks into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<SnapshotJob>,
}

impl Record {
    /// Adds the disks that it does not know, as ones that it will have at the next start.
    pub(crate) fn add_missing(&mut self, disks: Vec<(DiskId, u64)>) {
        for (disk, generation) in disks {
            if self.of_disk(&disk).is_none() {
                let port = self.first_free_port();
                self.disks.push(Plugged::new(disk, generation, port, true));
            }
        }
    }

    /// The disk, in whatever attachment.
    pub(crate) fn of_disk(&self, disk: &DiskId) -> Option<&Plugged> {
        self.disks.iter().find(|at| at.disk == *disk)
    }

    /// The disk in this attachment of its life.
    pub(crate) fn at(&self, attachment: &AttachmentId) -> Option<&Plugged> {
        self.of_disk(&attachment.disk).filter(|at| at.generation == attachment.generation)
    }

    /// Adds a disk on this port, unless it is there already. `opened` is the volume that QEMU is
    /// about to open; none if the machine is off, which then has the disk at once.
    pub(super) fn add(&mut self, attachment: &AttachmentId, port: u32, opened: Option<Opened>) {
        if self.of_disk(&attachment.disk).is_none() {
            let (disk, generation) = (attachment.disk.clone(), attachment.generation);
            let device_added = opened.is_none();
            self.disks
                .push(Plugged { opened, ..Plugged::new(disk, generation, port, device_added) });
        }
    }

    /// QEMU is about to open this volume for the disk; none: it has closed it.
    pub(super) fn set_opened(&mut self, disk: &DiskId, opened: Option<Opened>) {
        if let Some(at) = self.disks.iter_mut().find(|at| at.disk == *disk) {
            at.opened = opened;
        }
    }

    /// Whether other machines may have the disk at the same time.
    pub(super) fn set_shared(&mut self, disk: &DiskId, shared: bool) {
        if let Some(at) = self.disks.iter_mut().find(|at| at.disk == *disk) {
            at.shared = shared;
        }
    }

    /// The machine has, or had, the device.
    pub(crate) fn set_device_added(&mut self, attachment: &AttachmentId) {
        if let Some(at) = self.at_mut(attachment) {
            at.device_added = true;
        }
    }

    /// The disk has left unrequested; it is to be given again, on this port.
    pub(crate) fn set_ejected(&mut self, attachment: &AttachmentId, unrequested_ejects: u32) {
        if let Some(at) = self.at_mut(attachment) {
            (at.device_added, at.unrequested_ejects, at.failed_writes) =
                (false, unrequested_ejects, 0);
        }
    }

    /// The disk is to be given on this port.
    pub(crate) fn set_port(&mut self, attachment: &AttachmentId, port: u32) {
        if let Some(at) = self.at_mut(attachment) {
            at.port = port;
        }
    }

    /// So many writes to disks have failed.
    pub(crate) fn set_failed_writes(&mut self, counts: &HashMap<DiskId, u64>) {
        for at in &mut self.disks {
            at.failed_writes = counts.get(&at.disk).copied().unwrap_or(at.failed_writes);
        }
    }

    /// A guest is about to boot, with all disks, that was never asked anything.
    pub(crate) fn boot(&mut self, system_disk: Option<&DiskId>) {
        self.boots += 1;
        self.frozen = false;
        self.cooldowns.clear();
        for at in &mut self.disks {
            (at.device_added, at.request, at.unrequested_ejects, at.failed_writes) =
                (true, None, 0, 0);
            at.system = system_disk == Some(&at.disk);
        }
    }

    /// The requests to release disks, and the ports in cooldown.
    pub(crate) fn set_requests(
        &mut self,
        requests: &[(AttachmentId, UnplugRequest)],
        cooldowns: Vec<PortCooldown>,
    ) {
        for at in &mut self.disks {
            let is_its = |attachment: &AttachmentId| {
                attachment.disk == at.disk && attachment.generation == at.generation
            };
            let found = requests.iter().find(|(attachment, _)| is_its(attachment));
            at.request = found.map(|(_, request)| *request);
        }
        self.cooldowns = cooldowns;
    }

    fn at_mut(&mut self, attachment: &AttachmentId) -> Option<&mut Plugged> {
        let is_it = |at: &&mut Plugged| {
            at.disk == attachment.disk && at.generation == attachment.generation
        };
        self.disks.iter_mut().find(is_it)
    }

    /// Takes a disk off, if it is there in this attachment.
    pub(crate) fn remove(&mut self, attachment: &AttachmentId) {
        self.disks
            .retain(|at| at.disk != attachment.disk || at.generation != attachment.generation);
    }

    /// Puts a disk in the place of an old one, on its port if that is there.
    pub(super) fn replace(&mut self, old: &DiskId, new: &AttachmentId) {
        let port = self.of_disk(old).map_or_else(|| self.first_free_port(), |at| at.port);
        self.disks.retain(|at| at.disk != *old);
        self.add(new, port, None);
    }

    /// The state that the record shows.
    pub(crate) fn observe(&self, running: bool) -> ObservedState {
        let mut disks: Vec<_> =
            self.disks.iter().map(|at| (at.disk.clone(), at.generation)).collect();
        disks.sort();
        ObservedState { running, disks, ..ObservedState::default() }
    }

    /// Gives ports anew to the disks of a machine that is off: its guest finds them in this order.
    /// Disks that are not in it come last, as they were.
    pub(crate) fn order_ports(&mut self, order: &[DiskId]) {
        let place = |disk: &DiskId| order.iter().position(|one| one == disk);
        self.disks.sort_by_key(|at| (place(&at.disk).unwrap_or(order.len()), at.port));
        for (port, at) in (0..).zip(&mut self.disks) {
            at.port = port;
        }
    }

    /// The first port without a disk. For a machine that is off: in one that is on, the port may be
    /// in cooldown.
    pub(crate) fn first_free_port(&self) -> u32 {
        (0..).find(|port| self.disks.iter().all(|at| at.port != *port)).unwrap_or(u32::MAX)
    }

    /// Reads the record in a machine's directory; none if there is none.
    pub(crate) fn load(directory: &Path) -> io::Result<Option<Record>> {
        let loaded = record_file::load(&directory.join(FILE))?;
        Ok(loaded.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Writes it down, durably: all of it or what was there before.
    /// On a full file system, it takes the room that is kept in reserve.
    pub(crate) fn save(&self, directory: &Path) -> io::Result<()> {
        // A machine's directory lies two below the data directory.
        match directory.ancestors().nth(2) {
            Some(data) => reserve::write_with(data, is_full, || self.write(directory)),
            None => self.write(directory),
        }
    }

    fn write(&self, directory: &Path) -> io::Result<()> {
        record_file::save(&directory.join(FILE), &serde_json::to_string(self)?)
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(disk: &str, generation: u64) -> AttachmentId {
        AttachmentId { instance: "i-1".into(), disk: disk.into(), generation }
    }

    fn opened() -> Opened {
        serde_json::from_str(r#"{"identity": "raw 7 0", "bytes": 512}"#).unwrap()
    }

    #[test]
    fn ports_are_given_in_order_and_used_again() {
        let mut record = Record::default();
        record.add_missing(vec![("d-a".into(), 1), ("d-b".into(), 1)]);
        record.add(&attachment("d-c", 1), record.first_free_port(), Some(opened()));
        record.add(&attachment("d-c", 2), 7, Some(opened()));
        record.remove(&attachment("d-b", 1));
        record.remove(&attachment("d-a", 9));
        record.add(&attachment("d-d", 1), record.first_free_port(), Some(opened()));
        record.set_device_added(&attachment("d-c", 1));
        record.set_device_added(&attachment("d-d", 9));
        let disks: Vec<_> = record
            .disks
            .iter()
            .map(|at| (at.disk.as_str(), at.generation, at.port, at.device_added))
            .collect();
        assert_eq!(disks, [("d-a", 1, 0, true), ("d-c", 1, 2, true), ("d-d", 1, 1, false)]);
    }

    #[test]
    fn order_ports_follows_the_given_order() {
        let mut record = Record::default();
        let disks = ["d-a", "d-b", "d-c", "d-new"];
        record.add_missing(disks.map(|disk| (disk.into(), 1)).into());
        record.remove(&attachment("d-b", 1));
        record.order_ports(&["d-a".into(), "d-new".into()]);
        let found: Vec<_> = record.disks.iter().map(|at| (at.disk.as_str(), at.port)).collect();
        assert_eq!(found, [("d-a", 0), ("d-new", 1), ("d-c", 2)]);
    }

    #[test]
    fn record_of_an_earlier_version_has_no_machine_type() {
        let record: Record = serde_json::from_str(r#"{"disks": [], "boots": 3}"#).unwrap();
        assert_eq!(
            (record.machine_type, record.starts_from, record.io_thread),
            (None, None, false)
        );
    }

    #[test]
    fn record_round_trips() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Record::load(directory.path()).unwrap(), None);
        let mut record = Record::default();
        record.add_missing(vec![("d-a".into(), 3)]);
        record.set_shared(&"d-a".into(), true);
        record.boots = 4;
        record.machine_type = Some("pc-q35-7.2".to_owned());
        record.starts_from = Some(StartsFrom::Uefi);
        let request =
            UnplugRequest { wanted: true, asked: 2, ejects: 3, heard: Some(false), paused_ms: 0 };
        let cooldowns = vec![PortCooldown { port: 9, left_ms: 10_000 }];
        record.set_requests(&[(attachment("d-a", 3), request)], cooldowns);
        assert_eq!(record.disks[0].request, Some(request));
        record.save(directory.path()).unwrap();
        assert_eq!(Record::load(directory.path()).unwrap(), Some(record));
        std::fs::write(directory.path().join(FILE), "{").unwrap();
        assert!(Record::load(directory.path()).is_err(), "half a record is none");
    }
}
