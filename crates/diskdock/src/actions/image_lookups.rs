//! Lookups of images, custom ones and those of the inventory, for several groups of actions.

use std::borrow::Cow;

use domain::inventory::Image;
use domain::{AccountId, CustomImage, DiskSnapshot, ImageId, ImageStatus, SnapshotId};

use super::prelude::*;
use super::snapshot_lookups;
use crate::catalog::times::with_seconds;
use crate::store::{EntityReads, Filter};

/// An image that was found by its id or family.
pub(super) struct FoundImage<'c> {
    /// Its facts.
    pub image: Cow<'c, Image>,
    /// The custom image that it is, if it is one.
    pub custom: Option<CustomImage>,
}

impl FoundImage<'_> {
    /// A custom image.
    pub(super) fn custom(custom: CustomImage) -> FoundImage<'static> {
        let image = custom.as_image(with_seconds(custom.created_at));
        FoundImage { image: Cow::Owned(image), custom: Some(custom) }
    }

    /// Whether disks can be made from it.
    pub(super) fn is_available(&self) -> bool {
        self.custom.as_ref().is_none_or(CustomImage::is_available)
    }

    /// The snapshot that a system disk made from it begins with; none if that is the image itself.
    pub(super) fn system_snapshot(&self) -> Option<&SnapshotId> {
        self.custom.as_ref()?.system_disk()?.snapshot.as_ref()
    }

    /// The imported or public image that it comes from in the end; empty for one of these.
    pub(super) fn base(&self) -> &str {
        self.custom.as_ref().map_or("", |custom| &custom.base)
    }

    /// Whether its system disk is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        let system = self.custom.as_ref().and_then(CustomImage::system_disk);
        system.is_some_and(|system| system.encrypted)
    }
}

/// The image of this id: one of the inventory, or a custom one of the caller, in whatever status.
pub(super) fn find<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    id: &str,
) -> Result<Option<FoundImage<'c>>, StoreError> {
    if let Some(image) = call.environment.inventory.image(id) {
        return Ok(Some(FoundImage { image: Cow::Borrowed(image), custom: None }));
    }
    Ok(call.find(tx, &ImageId::from(id))?.map(FoundImage::custom))
}

/// The same, if disks can be made from it in this region.
pub(super) fn find_in<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    region: &str,
    id: &str,
) -> Result<Option<FoundImage<'c>>, StoreError> {
    let is_there =
        |found: &FoundImage<'_>| found.custom.as_ref().is_none_or(|one| one.region == region);
    Ok(find(tx, call, id)?.filter(is_there))
}

/// The facts of the image of this id, if it exists.
pub(super) fn facts<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    id: &str,
) -> Result<Option<Cow<'c, Image>>, StoreError> {
    Ok(find(tx, call, id)?.map(|found| found.image))
}

/// The newest image of a family that disks can be made from.
pub(super) fn newest_of_family<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    region: &str,
    family: &str,
) -> Result<Option<FoundImage<'c>>, StoreError> {
    let listed = call.environment.inventory.images().iter();
    let listed = listed.filter(|image| image.image_family == family);
    let listed = listed.max_by_key(|image| &image.creation_time);
    let account = call.caller.account.clone();
    let mut own = Filter::<CustomImage>::with_term(account, region, ("family", family));
    own.columns.push(("status", ImageStatus::Available.as_str().to_owned()));
    let own = tx.newest(&own)?.map(FoundImage::custom);
    let listed = listed.map(|image| FoundImage { image: Cow::Borrowed(image), custom: None });
    let both = own.into_iter().chain(listed);
    Ok(both.max_by(|a, b| a.image.creation_time.cmp(&b.image.creation_time)))
}

/// The id of that image.
pub(crate) fn id_in_family(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    family: &str,
) -> Result<Option<String>, StoreError> {
    Ok(newest_of_family(tx, call, region, family)?.map(|found| found.image.id.clone()))
}

/// Whether a custom image needs this snapshot.
pub(super) fn needs(
    tx: &dyn ReadTx,
    account: &AccountId,
    region: &str,
    snapshot: &SnapshotId,
) -> Result<bool, StoreError> {
    let with = ("snapshot", snapshot.as_str());
    let filter = Filter::<CustomImage>::with_term(account.clone(), region, with);
    Ok(tx.newest(&filter)?.is_some())
}

/// The automatic snapshots that are deleted along with a disk that has DeleteAutoSnapshot: all but
/// those that a custom image needs.
pub(super) fn snapshots_deleted_with(
    tx: &dyn ReadTx,
    disk: &Disk,
) -> Result<Vec<DiskSnapshot>, StoreError> {
    if !disk.delete_auto_snapshot {
        return Ok(Vec::new());
    }
    let mut free = Vec::new();
    for one in snapshot_lookups::automatic(tx, disk)? {
        if !needs(tx, &one.account, &one.region, &one.id)? {
            free.push(one);
        }
    }
    Ok(free)
}
