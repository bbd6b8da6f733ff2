//! `ModifyDiskAttribute`: change the name and the like of one or several disks.

use crate::actions::prelude::*;

/// Changes attributes of one or several disks.
pub(crate) struct ModifyDiskAttribute;

params!(
    /// Parameters of ModifyDiskAttribute.
    pub(crate) struct Params {
        /// The region of the disks. Disks of other regions are not found.
        #[malformed = REGION_MALFORMED]
        region_id: Option<RegionId>,
        /// The disk to change. Not together with `DiskIds`.
        disk_id: Option<DiskId>,
        /// The disks to change, up to 100; all of them are changed or none.
        disk_ids: Each<DiskId>,
        /// The new display name.
        disk_name: Option<DiskName>,
        /// The new description; empty takes it away.
        description: Option<Description>,
        /// Whether the disk is released together with its instance. Cannot be changed for a
        /// multi-attach disk, nor to false for a disk that is not portable.
        delete_with_instance: Option<bool>,
        /// Whether its automatic snapshots are released with it.
        delete_auto_snapshot: Option<bool>,
        /// The retired automatic-snapshot switch.
        enable_auto_snapshot: Option<bool>,
        /// Burst performance of `cloud_auto`, from 4 GiB.
        bursting_enabled: Option<bool>,
    }
);

/// The disks that the request names, which exist, and what is to change.
pub(crate) struct Facts {
    params: Params,
    disks: Vec<Disk>,
}

impl Facts {
    fn changes_something(&self) -> bool {
        let params = &self.params;
        let texts = params.disk_name.is_some() || params.description.is_some();
        let flags = [
            params.delete_with_instance,
            params.delete_auto_snapshot,
            params.enable_auto_snapshot,
            params.bursting_enabled,
        ];
        texts || flags.iter().any(Option::is_some)
    }

    fn all(&self, holds: impl Fn(&Disk) -> bool) -> bool {
        self.disks.iter().all(holds)
    }

    /// Whether the disk does not burst and is to. A disk that bursts already is no change.
    fn starts_bursting(&self, disk: &Disk) -> bool {
        self.params.bursting_enabled == Some(true) && !disk.bursting_enabled
    }

    /// The DeleteWithInstance that the disk does not have and is to have.
    fn new_delete_with_instance(&self, disk: &Disk) -> Option<bool> {
        self.params.delete_with_instance.filter(|wanted| *wanted != disk.delete_with_instance)
    }

    /// Whether this holds for every disk that is to burst from now on.
    fn all_starting_to_burst(&self, holds: impl Fn(&Disk) -> bool) -> bool {
        self.all(|disk| !self.starts_bursting(disk) || holds(disk))
    }
}

impl Action for ModifyDiskAttribute {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifyDiskAttribute";
    const SUMMARY: &'static str = "Changes name, description and switches of one or several disks.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_MALFORMED,
        &DISK_ID_OR_IDS,
        &DISK_ID_AND_IDS,
        &DISK_IDS_EXCEEDED,
        &DISK_NOT_FOUND,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("something is to change",                                 |f| f.changes_something(), &NOTHING_TO_MODIFY),
        must("the disk is no longer Creating",                         |f| f.all(|disk| disk.status() != DiskStatus::Creating), &DISK_STATUS_UNSUPPORTED),
        must("DeleteWithInstance of a multi-attach disk stays as it is", |f| f.all(|disk| !disk.multi_attach || f.new_delete_with_instance(disk).is_none()), &MULTI_ATTACH_DELETE_WITH_INSTANCE),
        must("DeleteWithInstance does not become false for a local disk, or a basic one that is not portable", |f| f.all(|disk| f.new_delete_with_instance(disk) != Some(false) || !is_bound(disk)), &DISK_NOT_PORTABLE),
        must("BurstingEnabled is for cloud_auto",                      |f| f.all_starting_to_burst(|disk| disk.category == Category::CloudAuto), &BURSTING_CATEGORY),
        must("a multi-attach disk does not burst",                     |f| f.all_starting_to_burst(|disk| !disk.multi_attach), &BURSTING_MULTI_ATTACH),
        must("a bursting disk is larger than 3 GiB",                   |f| f.all_starting_to_burst(|disk| disk.size_gib > 3), &BURSTING_SIZE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if let Some(RegionId(region)) = &params.region_id {
            call.environment.inventory.region(region).ok_or(&REGION_MALFORMED)?;
        }
        let here =
            |disk: &Disk| params.region_id.as_ref().is_none_or(|region| region.0 == disk.region);
        let find = |id: &DiskId| -> Result<Disk, ActionError> {
            Ok(call.disk(tx, id)?.filter(here).ok_or(&DISK_NOT_FOUND)?)
        };
        let disks = named(params)?.into_iter().map(find).collect::<Result<_, _>>()?;
        Ok(Facts { params: params.clone(), disks })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let save = |effect: Effect<()>, disk| effect.save(modified(params, disk));
        facts.disks.into_iter().fold(Effect::reply(()), save)
    }
}

/// Whether a disk goes with its instance in such a way that the API refuses to hear otherwise.
fn is_bound(disk: &Disk) -> bool {
    disk.category.is_local() || (disk.category == Category::Cloud && !disk.portable)
}

/// The ids that the request names, each once.
fn named(params: &Params) -> Result<Vec<&DiskId>, Refusal> {
    let Each(several) = &params.disk_ids;
    match &params.disk_id {
        Some(_) if !several.is_empty() => Err((&DISK_ID_AND_IDS).into()),
        Some(one) => Ok(vec![one]),
        None if several.is_empty() => Err((&DISK_ID_OR_IDS).into()),
        None if several.len() > domain::limits::IDS_PER_LIST => Err((&DISK_IDS_EXCEEDED).into()),
        None => {
            let mut ids: Vec<_> = several.iter().collect();
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        }
    }
}

/// The disk with what the request says; what it leaves out stays.
fn modified(params: &Params, mut disk: Disk) -> Disk {
    if let Some(DiskName(name)) = &params.disk_name {
        disk.name.clone_from(name);
    }
    if let Some(Description(text)) = &params.description {
        disk.description.clone_from(text);
    }
    // A disk that is not portable goes with its instance, whatever is asked for: one of a
    // subscription, which Terraform asks to stay, is none the worse for being asked.
    if let Some(wanted) = params.delete_with_instance
        && (disk.portable || wanted)
    {
        disk.set_delete_with_instance(wanted);
    }
    disk.delete_auto_snapshot = params.delete_auto_snapshot.unwrap_or(disk.delete_auto_snapshot);
    disk.enable_auto_snapshot = params.enable_auto_snapshot.unwrap_or(disk.enable_auto_snapshot);
    disk.bursting_enabled = params.bursting_enabled.unwrap_or(disk.bursting_enabled);
    disk
}
