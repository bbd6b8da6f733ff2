//! The image of a launch, and the disks that it brings.

use domain::custom_image::ImageDisk;
use domain::inventory::Zone;
use domain::{CustomImage, DiskSnapshot};

use super::disk_params::{DataDiskOfRun, DataDiskParams};
use super::disk_plan::DiskPlan;
use super::params::Launch;
use super::selection::ZoneSelection;
use crate::actions::image_lookups::{self, FoundImage};
use crate::actions::prelude::*;

/// The image that a launch names, by its id or by its family.
pub(super) fn named<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    params: &Launch,
) -> Result<FoundImage<'c>, ActionError> {
    let region = &params.region_id.0;
    let (found, error) = match (&params.image_id, &params.image_family) {
        (Some(_), Some(_)) => (None, &IMAGE_AND_FAMILY),
        (Some(Text(id)), None) => (image_lookups::find_in(tx, call, region, id)?, &IMAGE_NOT_FOUND),
        (None, Some(Text(family))) => {
            (image_lookups::newest_of_family(tx, call, region, family)?, &IMAGE_FAMILY_EMPTY)
        }
        (None, None) => (None, &MISSING_IMAGE),
    };
    Ok(found.ok_or(error)?)
}

/// The system disk with the content of the image: of a custom one, that of its snapshot.
pub(super) fn system_disk(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    plan: DiskPlan,
    image: &FoundImage<'_>,
) -> Result<DiskPlan, StoreError> {
    let Some(id) = image.system_snapshot() else { return Ok(plan) };
    let size_gib = plan.size_gib;
    let plan = plan.beginning_with(call.find(tx, id)?);
    Ok(DiskPlan { snapshot_id: Some(id.clone()), size_gib, ..plan })
}

/// The data disks that are asked for, and those of the image that are not. One that is asked for
/// with the device name of a disk of the image is that disk.
pub(super) fn data_disks(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    selection: &ZoneSelection<'_>,
    zone: Option<&Zone>,
    asked: &[(&DataDiskParams, Option<&DataDiskOfRun>)],
    image: &FoundImage<'_>,
) -> Result<Vec<DiskPlan>, StoreError> {
    let region = &selection.region.id;
    let mut of_image: Vec<&ImageDisk> =
        image.custom.iter().flat_map(CustomImage::data_disks).collect();
    let mut data = Vec::with_capacity(asked.len());
    for &(disk, run) in asked {
        let plan = selection.data_disk(zone, disk, run);
        let same = |one: &&ImageDisk| plan.device.as_ref() == Some(&one.device);
        let plan = match of_image.iter().position(same) {
            Some(at) if plan.snapshot_id.is_none() => {
                plan_of(tx, call, region, plan, of_image.remove(at))?
            }
            Some(at) => {
                of_image.remove(at);
                with_snapshot(tx, call, region, plan)?
            }
            None => with_snapshot(tx, call, region, plan)?,
        };
        data.push(plan);
    }
    for disk in of_image {
        data.push(plan_of(tx, call, region, selection.default_data_disk(zone), disk)?);
    }
    Ok(data)
}

fn with_snapshot(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    plan: DiskPlan,
) -> Result<DiskPlan, StoreError> {
    let found = match &plan.snapshot_id {
        Some(id) => call.find(tx, id)?.filter(|found: &DiskSnapshot| found.region == region),
        None => None,
    };
    Ok(plan.beginning_with(found))
}

/// A data disk of the image: as large as it is there, or larger if that is asked for.
fn plan_of(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    plan: DiskPlan,
    of_image: &ImageDisk,
) -> Result<DiskPlan, StoreError> {
    let size_gib = plan.size_gib.or(Some(of_image.size_gib));
    let plan = DiskPlan {
        device: Some(of_image.device.clone()),
        snapshot_id: of_image.snapshot.clone(),
        least_gib: of_image.size_gib,
        ..plan
    };
    Ok(DiskPlan { size_gib, ..with_snapshot(tx, call, region, plan)? })
}
