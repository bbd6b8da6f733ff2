//! A snapshot as clients see it.

use domain::{DiskSnapshot, SnapshotStatus};

use crate::actions::prelude::Call;
use crate::catalog::reply;
use crate::catalog::times::with_seconds;

reply!(
    /// One snapshot.
    pub(crate) struct SnapshotItem {
        /// The snapshot's id.
        snapshot_id: String,
        /// Its serial number.
        #[wire = "SnapshotSN"]
        snapshot_sn: String,
        /// The chain that it is in: all snapshots of its disk.
        snapshot_link_id: String,
        /// Region.
        region_id: String,
        /// Display name.
        snapshot_name: String,
        /// Free text.
        description: String,
        /// `progressing`, `accomplished` or `failed`.
        status: &'static str,
        /// How far it is, with a percent sign.
        progress: String,
        /// Seconds until it is there; left out while it is unknown.
        remain_time: Option<u32>,
        /// Whether disks can be made from it.
        available: bool,
        /// `user`, or `auto` for one that a policy has made.
        snapshot_type: &'static str,
        /// `standard` or `flash`.
        category: &'static str,
        /// `disk` if disks were made from it, `image` if a custom image needs it, `image_disk` for
        /// both, else `none`.
        usage: &'static str,
        /// The disk it was made of.
        source_disk_id: String,
        /// GiB that the disk had, as text.
        source_disk_size: String,
        /// `system` or `data`.
        source_disk_type: &'static str,
        /// `disk`.
        source_storage_type: &'static str,
        /// The snapshot that it was copied from.
        source_snapshot_id: String,
        /// The region that it was copied from.
        source_region_id: String,
        /// Bytes, as of the whole disk.
        full_snapshot_size_in_bytes: i64,
        /// Whether its disk was encrypted.
        encrypted: bool,
        /// The key of the disk.
        #[wire = "KMSKeyId"]
        kms_key_id: String,
        /// The retired switch for instant access.
        instant_access: bool,
        /// Days of instant access.
        instant_access_retention_days: Option<u32>,
        /// Days that it is kept; left out if for ever.
        retention_days: Option<u32>,
        /// The product code of a marketplace image.
        product_code: &'static str,
        /// The resource group.
        resource_group_id: String,
        /// When it was created.
        creation_time: String,
        /// When it was changed last.
        last_modified_time: String,
        /// Its tags.
        tags: SnapshotTags,
    }
);

reply!(
    /// Tags of a snapshot.
    pub(crate) struct SnapshotTags {
        /// One for each key.
        tag: Vec<SnapshotTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct SnapshotTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

/// The chain that the snapshots of a disk are in.
pub(super) fn link_of(snapshot: &DiskSnapshot) -> String {
    format!("sl-{}", snapshot.disk.serial_number())
}

/// How far a snapshot is, in percent. A hypervisor knows it of one that is being made, if at all.
fn percent(call: &Call<'_>, snapshot: &DiskSnapshot) -> u8 {
    match snapshot.status {
        SnapshotStatus::Accomplished => 100,
        SnapshotStatus::Progressing => (call.environment.snapshot_percent)(&snapshot.id),
        SnapshotStatus::Failed => 0,
    }
}

/// The uses of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct SnapshotUse {
    /// Disks were made from it.
    pub by_disk: bool,
    /// A custom image needs it.
    pub by_image: bool,
}

impl SnapshotUse {
    /// `Usage` of the snapshot.
    pub(super) fn as_str(self) -> &'static str {
        match (self.by_image, self.by_disk) {
            (true, true) => "image_disk",
            (true, false) => "image",
            (false, true) => "disk",
            (false, false) => "none",
        }
    }
}

/// The item of a snapshot with these uses.
pub(super) fn item(call: &Call<'_>, snapshot: &DiskSnapshot, used: SnapshotUse) -> SnapshotItem {
    let ended = snapshot.status != SnapshotStatus::Progressing;
    let id = snapshot.id.as_str();
    let copied_from = snapshot.copied_from.as_ref();
    let tag =
        |tag: &domain::Tag| SnapshotTag { tag_key: tag.key.clone(), tag_value: tag.value.clone() };
    SnapshotItem {
        snapshot_id: id.to_owned(),
        snapshot_sn: id.strip_prefix("s-").unwrap_or(id).to_owned(),
        snapshot_link_id: link_of(snapshot),
        region_id: snapshot.region.clone(),
        snapshot_name: snapshot.name.clone(),
        description: snapshot.description.clone(),
        status: snapshot.status.as_str(),
        progress: format!("{}%", percent(call, snapshot)),
        remain_time: ended.then_some(0),
        available: snapshot.is_accomplished(),
        snapshot_type: snapshot.origin.as_str(),
        category: snapshot.category.as_str(),
        usage: used.as_str(),
        source_disk_id: snapshot.disk.to_string(),
        source_disk_size: snapshot.size_gib.to_string(),
        source_disk_type: snapshot.disk_kind.as_str(),
        source_storage_type: "disk",
        source_snapshot_id: copied_from.map(|from| from.snapshot.to_string()).unwrap_or_default(),
        source_region_id: copied_from.map(|from| from.region.clone()).unwrap_or_default(),
        full_snapshot_size_in_bytes: snapshot.size_bytes(),
        encrypted: snapshot.encrypted,
        kms_key_id: snapshot.kms_key_id.clone(),
        instant_access: snapshot.instant_access,
        instant_access_retention_days: snapshot.instant_access_days,
        retention_days: snapshot.retention_days,
        product_code: "",
        resource_group_id: snapshot.resource_group.clone(),
        creation_time: with_seconds(snapshot.created_at),
        last_modified_time: with_seconds(snapshot.modified_at),
        tags: SnapshotTags { tag: snapshot.tags.iter().map(tag).collect() },
    }
}
