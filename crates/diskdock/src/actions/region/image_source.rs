//! The source of a new image: the disks of an instance, or snapshots.

use domain::custom_image::{self, GuestSystem, ImageDisk};
use domain::inventory::Architecture;
use domain::kms::KeyUse;
use domain::limits::SNAPSHOTS_PER_DISK;
use domain::{DiskSnapshot, SnapshotId};

use super::create_image::{DiskMapping, DiskTypeWord, Params};
use crate::actions::kms_keys::{use_of_disk, use_of_snapshot};
use crate::actions::prelude::*;
use crate::actions::{image_lookups, snapshot_lookups};

/// GiB that a system disk has at most.
const SYSTEM_GIB: u32 = 2_048;
/// GiB that a data disk has at most.
const DATA_GIB: u32 = 32_768;
/// The platform of a system that nothing is known of.
const UNKNOWN_PLATFORM: &str = "Others Linux";

/// The source of a new image.
pub(super) enum ImageSource {
    /// None is named.
    Nothing,
    /// An instance, with its cloud disks.
    Instance(Box<Instance>, Vec<DiskOfImage>),
    /// Snapshots and empty disks.
    Mapped(Vec<MappedDisk>),
}

/// A disk of the instance.
pub(super) struct DiskOfImage {
    /// The disk.
    pub disk: Disk,
    device: String,
    /// The snapshot of it that the image gets.
    snapshot: Option<SnapshotId>,
    /// Whether another snapshot of it is being made.
    pub has_snapshot_in_progress: bool,
    /// How many snapshots of it there are.
    snapshots: u64,
}

impl DiskOfImage {
    /// Whether it is In_use, and nothing else is being done to it.
    pub(super) fn is_still(&self) -> bool {
        self.disk.status() == DiskStatus::InUse && self.disk.activity.is_none()
    }

    /// Whether it can have another snapshot.
    pub(super) fn has_room(&self) -> bool {
        self.snapshots < SNAPSHOTS_PER_DISK
    }
}

/// A disk that is named by its snapshot, or by its size alone.
pub(super) struct MappedDisk {
    kind: DiskKind,
    /// The device name as it is kept; empty if none is given.
    device: String,
    size_gib: u32,
    snapshot: Option<DiskSnapshot>,
    /// Named by the plain SnapshotId, which is that of a system disk.
    is_plain: bool,
}

impl MappedDisk {
    fn of_snapshot(snapshot: DiskSnapshot) -> MappedDisk {
        MappedDisk {
            kind: DiskKind::System,
            device: String::new(),
            size_gib: snapshot.size_gib,
            snapshot: Some(snapshot),
            is_plain: true,
        }
    }

    fn of(mapping: &DiskMapping, snapshot: Option<DiskSnapshot>) -> MappedDisk {
        let asked = mapping.size.and_then(|size| u32::try_from(size.0).ok());
        let by_default = snapshot.as_ref().map_or(DiskKind::Data, |snapshot| snapshot.disk_kind);
        let device = mapping.device.as_ref().map(|device| custom_image::image_device(&device.0));
        MappedDisk {
            kind: match mapping.disk_type {
                Some(DiskTypeWord::System) => DiskKind::System,
                Some(DiskTypeWord::Data) => DiskKind::Data,
                None => by_default,
            },
            device: device.unwrap_or_default(),
            size_gib: asked.or(snapshot.as_ref().map(|one| one.size_gib)).unwrap_or(0),
            snapshot,
            is_plain: false,
        }
    }

    /// Whether a plain SnapshotId is that of a system disk.
    pub(super) fn is_what_was_meant(&self) -> bool {
        !self.is_plain || self.keeps_its_kind()
    }

    /// Whether it was a system disk already, if it is to be one.
    pub(super) fn keeps_its_kind(&self) -> bool {
        let was = self.snapshot.as_ref().map(|snapshot| snapshot.disk_kind);
        self.kind == DiskKind::Data || was == Some(DiskKind::System)
    }

    /// Whether its snapshot is there by now.
    pub(super) fn is_ready(&self) -> bool {
        self.snapshot.as_ref().is_none_or(DiskSnapshot::is_accomplished)
    }

    /// Whether its device name is one that it can have.
    pub(super) fn device_fits(&self) -> bool {
        self.device.is_empty() || custom_image::device_fits(self.kind, &self.device)
    }

    /// Whether its size is one that it can have.
    pub(super) fn size_fits(&self) -> bool {
        let least = self.snapshot.as_ref().map_or(1, |snapshot| snapshot.size_gib);
        let most = match self.kind {
            DiskKind::System => SYSTEM_GIB,
            DiskKind::Data => DATA_GIB,
        };
        (least..=most).contains(&self.size_gib)
    }
}

impl ImageSource {
    /// The strongest source that the request names. Gives the error of what is not there.
    pub(super) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<ImageSource, ActionError> {
        let region = &params.region_id.0;
        if let Some(id) = &params.instance_id {
            let found = call.instance(tx, id)?.filter(|found| found.region == *region);
            let instance = found.ok_or(&INSTANCE_NOT_FOUND)?;
            let disks = disks_of(tx, &instance)?;
            return Ok(ImageSource::Instance(Box::new(instance), disks));
        }
        let find = |id: &SnapshotId| -> Result<DiskSnapshot, ActionError> {
            let found = call.find(tx, id)?.filter(|one: &DiskSnapshot| one.region == *region);
            Ok(found.ok_or(&SNAPSHOT_NOT_FOUND)?)
        };
        let mapped = params.disk_device_mapping.0.iter().map(|mapping| {
            let snapshot = mapping.snapshot_id.as_ref().map(find).transpose()?;
            Ok::<_, ActionError>(MappedDisk::of(mapping, snapshot))
        });
        let mapped = mapped.collect::<Result<Vec<_>, _>>()?;
        Ok(match &params.snapshot_id {
            _ if !mapped.is_empty() => ImageSource::Mapped(mapped),
            Some(id) => ImageSource::Mapped(vec![MappedDisk::of_snapshot(find(id)?)]),
            None => ImageSource::Nothing,
        })
    }

    /// Whether this holds for the instance, if it is one.
    pub(super) fn instance(&self, holds: impl Fn(&Instance) -> bool) -> bool {
        match self {
            ImageSource::Instance(instance, _) => holds(instance),
            ImageSource::Nothing | ImageSource::Mapped(_) => true,
        }
    }

    /// Whether this holds for every disk of the instance, if it is one.
    pub(super) fn all_attached(&self, holds: impl Fn(&DiskOfImage) -> bool) -> bool {
        match self {
            ImageSource::Instance(_, disks) => disks.iter().all(holds),
            ImageSource::Nothing | ImageSource::Mapped(_) => true,
        }
    }

    /// Whether this holds for every disk that is named by itself.
    pub(super) fn all_mapped(&self, holds: impl Fn(&MappedDisk) -> bool) -> bool {
        match self {
            ImageSource::Mapped(disks) => disks.iter().all(holds),
            ImageSource::Nothing | ImageSource::Instance(..) => true,
        }
    }

    /// The keys of its disks, or of its snapshots: the one that can be used least.
    pub(super) fn keys(&self, tx: &dyn ReadTx, now: Moment) -> Result<KeyUse, StoreError> {
        let mut least = KeyUse::Usable;
        match self {
            ImageSource::Nothing => {}
            ImageSource::Instance(_, disks) => {
                for one in disks {
                    least = least.max(use_of_disk(tx, &one.disk, now)?);
                }
            }
            ImageSource::Mapped(disks) => {
                for snapshot in disks.iter().filter_map(|one| one.snapshot.as_ref()) {
                    least = least.max(use_of_snapshot(tx, snapshot, now)?);
                }
            }
        }
        Ok(least)
    }

    /// How many system disks with a snapshot the image is to have.
    pub(super) fn systems(&self) -> usize {
        let is_system = |disk: &&ImageDisk| disk.kind == DiskKind::System;
        match self {
            ImageSource::Mapped(disks) => {
                let with_content = disks.iter().filter(|disk| disk.snapshot.is_some());
                with_content.filter(|disk| disk.kind == DiskKind::System).count()
            }
            ImageSource::Nothing | ImageSource::Instance(..) => {
                self.disks().iter().filter(is_system).count()
            }
        }
    }

    /// Whether no device name is given twice.
    pub(super) fn devices_differ(&self) -> bool {
        let disks = self.disks();
        let named: Vec<_> = disks.iter().filter(|disk| !disk.device.is_empty()).collect();
        named.iter().enumerate().all(|(at, one)| named[..at].iter().all(|d| d.device != one.device))
    }

    /// Whether there are no more data disks than a launch can make.
    pub(super) fn disks_fit(&self) -> bool {
        self.disks().len() <= domain::limits::DATA_DISKS_PER_REQUEST + 1
    }

    /// The disks of the image.
    pub(super) fn disks(&self) -> Vec<ImageDisk> {
        match self {
            ImageSource::Nothing => Vec::new(),
            ImageSource::Instance(_, disks) => disks.iter().map(attached).collect(),
            ImageSource::Mapped(disks) => disks.iter().map(mapped).collect(),
        }
    }

    /// Gives each disk of the instance a snapshot, progressing, which is then that of the image.
    pub(super) fn add_snapshots(&mut self, call: &Call<'_>, name: &str) -> Vec<DiskSnapshot> {
        let ImageSource::Instance(_, disks) = self else { return Vec::new() };
        let mut snapshots = Vec::with_capacity(disks.len());
        for one in disks {
            let id = call.new_id(&one.disk.region);
            let mut snapshot = DiskSnapshot::of(&one.disk, id, call.now);
            snapshot.description = format!("Created for image {name}");
            one.snapshot = Some(snapshot.id.clone());
            snapshots.push(snapshot);
        }
        snapshots
    }

    /// The system of the image, and the imported or public image that it comes from in the end;
    /// that is empty if it is not known.
    pub(super) fn system(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<(GuestSystem, String), StoreError> {
        let (image, known_base) = match self {
            ImageSource::Nothing => ("", ""),
            ImageSource::Instance(instance, _) => (&*instance.image, &*instance.base_image),
            ImageSource::Mapped(disks) => {
                let system = disks.iter().find(|disk| disk.kind == DiskKind::System);
                let snapshot = system.and_then(|disk| disk.snapshot.as_ref());
                (snapshot.map_or("", |snapshot| &snapshot.image), "")
            }
        };
        let found = image_lookups::find(tx, call, image)?;
        let base = match &found {
            Some(found) if found.custom.is_some() => found.base(),
            Some(found) => &found.image.id,
            None => known_base,
        };
        let base = base.to_owned();
        let platform = params.platform.as_ref().map(|platform| platform.0.clone());
        let architecture = params.architecture.map(Architecture::from);
        let mut system = match found {
            Some(found) => GuestSystem::of(&found.image),
            None => GuestSystem::unknown(
                platform.as_deref().unwrap_or(UNKNOWN_PLATFORM),
                architecture.unwrap_or(Architecture::X86),
            ),
        };
        system.platform = platform.unwrap_or(system.platform);
        system.architecture = architecture.unwrap_or(system.architecture);
        system.boot_mode = params.boot_mode.map_or(system.boot_mode, Into::into);
        Ok((system, base))
    }
}

/// The cloud disks of an instance.
fn disks_of(tx: &dyn ReadTx, instance: &Instance) -> Result<Vec<DiskOfImage>, StoreError> {
    let mut disks = Vec::new();
    for at in tx.attached(&instance.id)? {
        let Some(disk) = tx.disk(&at.disk)? else { continue };
        if disk.category.is_local() || disk.category.is_elastic_ephemeral() {
            continue;
        }
        disks.push(DiskOfImage {
            device: at.device.clone(),
            snapshot: None,
            has_snapshot_in_progress: snapshot_lookups::has_snapshot_in_progress(tx, &disk)?,
            snapshots: snapshot_lookups::count(tx, &disk)?,
            disk,
        });
    }
    Ok(disks)
}

fn attached(one: &DiskOfImage) -> ImageDisk {
    ImageDisk {
        kind: one.disk.kind,
        device: one.device.clone(),
        size_gib: one.disk.size_gib,
        snapshot: one.snapshot.clone(),
        encrypted: one.disk.encrypted,
    }
}

fn mapped(one: &MappedDisk) -> ImageDisk {
    ImageDisk {
        kind: one.kind,
        device: one.device.clone(),
        size_gib: one.size_gib,
        snapshot: one.snapshot.as_ref().map(|snapshot| snapshot.id.clone()),
        encrypted: one.snapshot.as_ref().is_some_and(|snapshot| snapshot.encrypted),
    }
}
