//! Queries for disks only: the list of an instance's disks, and the filters of DescribeDisks.

use std::any::Any;
use std::sync::Arc;

use domain::{
    AccountId, Category, ChargeType, Disk, DiskId, DiskKind, DiskStatus, Instance, InstanceId,
    LockReason, Moment, Phase,
};

use super::list::{ListPage, Page, RESOURCE_GROUP, Scope, has_tags, like, within};
use super::resource::{DynEntity, EntityReads, StoredEntity};
use super::{ReadTx, StoreError};

/// A disk on an instance, as the list of an instance's disks has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedDisk {
    /// Which disk.
    pub disk: DiskId,
    /// Its device name there.
    pub device: String,
    /// Where the attachment is on its way.
    pub phase: Phase,
    /// Which attachment of the disk it is.
    pub generation: u64,
}

/// The disks of an instance. Lists that differ in one disk share the others.
pub type AttachedDisks = Vec<Arc<AttachedDisk>>;

/// A field of a disk that is text.
pub(crate) type TextField = fn(&Disk) -> &str;

/// Which disks are wanted. A field that is `None` does not restrict; all that is given must hold.
///
/// Ids, an instance, a name without `*`, tags, the resource group and the span of creation are
/// answered from an index. With any of the others every disk that is left is looked at: those of
/// the account in the region, at about a second for each 300,000.
#[derive(Clone, Debug)]
pub struct DiskFilter {
    /// The owner.
    pub account: AccountId,
    /// In this region.
    pub region: String,
    /// Only these; an empty list matches nothing.
    pub ids: Option<Vec<DiskId>>,
    /// Attached to this instance.
    pub instance: Option<InstanceId>,
    /// In this zone.
    pub zone: Option<String>,
    /// In this status.
    pub status: Option<DiskStatus>,
    /// Of this kind.
    pub kind: Option<DiskKind>,
    /// Of this category.
    pub category: Option<Category>,
    /// Paid for so.
    pub charge_type: Option<ChargeType>,
    /// Of this name; `*` at either end stands for anything.
    pub name: Option<String>,
    /// In this resource group.
    pub resource_group: Option<String>,
    /// With this lock, on the disk or on the instance it is on.
    pub lock: Option<LockReason>,
    /// With all these tags; no value stands for any value.
    pub tags: Vec<(String, Option<String>)>,
    /// All further conditions.
    pub also: Vec<fn(&Disk) -> bool>,
    /// Further conditions on text: (field of the disk, wanted text).
    pub texts: Vec<(TextField, String)>,
    /// Created in this span, inclusive.
    pub created: (Option<Moment>, Option<Moment>),
}

impl DiskFilter {
    /// All disks of an account in a region.
    pub fn all(account: AccountId, region: &str) -> DiskFilter {
        DiskFilter {
            account,
            region: region.to_owned(),
            ids: None,
            instance: None,
            zone: None,
            status: None,
            kind: None,
            category: None,
            charge_type: None,
            name: None,
            resource_group: None,
            lock: None,
            tags: Vec::new(),
            also: Vec::new(),
            texts: Vec::new(),
            created: (None, None),
        }
    }

    /// Whether this disk is wanted. Locks on instances are looked up by the caller.
    pub fn matches(&self, disk: &Disk) -> bool {
        fn is<T: PartialEq>(wanted: &Option<T>, has: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted == has)
        }
        disk.account == self.account
            && disk.region == self.region
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&disk.id))
            && self.instance.as_ref().is_none_or(|instance| shows_on(disk, instance))
            && is(&self.zone, &disk.zone)
            && is(&self.status, &disk.status())
            && is(&self.kind, &disk.kind)
            && is(&self.category, &disk.category)
            && is(&self.charge_type, &disk.charge_type)
            && self.name.as_ref().is_none_or(|name| like(name, &disk.name))
            && is(&self.resource_group, &disk.resource_group)
            && has_tags(&disk.tags, &self.tags)
            && self.also.iter().all(|holds| holds(disk))
            && self.texts.iter().all(|(field, wanted)| field(disk) == wanted)
            && within(disk.created_at, self.created)
    }

    fn is_whole_place(&self) -> bool {
        self.ids.is_none()
            && self.instance.is_none()
            && self.columns().is_empty()
            && self.name.is_none()
            && self.resource_group.is_none()
            && self.lock.is_none()
            && self.tags.is_empty()
            && self.also.is_empty()
            && self.texts.is_empty()
            && self.created == (None, None)
    }

    fn columns(&self) -> Vec<(&'static str, &str)> {
        let wanted = [
            ("zone", self.zone.as_deref()),
            ("status", self.status.map(DiskStatus::as_str)),
            ("kind", self.kind.map(DiskKind::as_str)),
            ("category", self.category.map(Category::as_str)),
            ("charge_type", self.charge_type.map(ChargeType::as_str)),
        ];
        wanted.into_iter().filter_map(|(column, value)| Some((column, value?))).collect()
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let exact = self.name.as_deref().filter(|name| !name.contains('*'));
        let wanted = [("name", exact), (RESOURCE_GROUP, self.resource_group.as_deref())];
        wanted.into_iter().filter_map(|(term, value)| Some((term, value?))).collect()
    }

    /// The part that an engine can select by, with the ids that can match at all where the filter
    /// names them or their instance.
    fn scope<'f>(&'f self, ids: Option<&'f [DiskId]>) -> Scope<'f> {
        Scope {
            account: self.account.as_str(),
            region: &self.region,
            ids: ids.map(|ids| ids.iter().map(DiskId::as_str).collect()),
            columns: self.columns(),
            terms: self.terms(),
            tags: &self.tags,
            created: self.created,
            is_whole_place: self.is_whole_place(),
        }
    }
}

/// Lists by instance show a disk from In_use through Detaching, not while it is Attaching.
fn shows_on(disk: &Disk, instance: &InstanceId) -> bool {
    disk.on(instance).is_some_and(|at| at.phase != Phase::Attaching)
}

/// A page of the instances of a host, or of all, with their disks, row by row.
pub(super) fn with_instances<R: ReadTx + ?Sized>(
    tx: &R,
    host: Option<&str>,
    after: Option<&InstanceId>,
    most: u32,
) -> Result<Vec<(Instance, AttachedDisks)>, StoreError> {
    let instances = match host {
        None => tx.walk::<Instance>(after, most)?,
        Some(host) => {
            let ids = tx.instances_on(host, after, most)?;
            let found = ids.iter().filter_map(|id| tx.instance(id).transpose());
            found.collect::<Result<_, _>>()?
        }
    };
    let with_disks = instances.into_iter().map(|instance| {
        let disks = tx.attached(&instance.id)?;
        Ok((instance, disks))
    });
    with_disks.collect()
}

/// The disks that match, newest first, a page of them.
pub(super) fn list<R: ReadTx + ?Sized>(
    tx: &R,
    filter: &DiskFilter,
    page: &Page,
) -> Result<ListPage<Arc<Disk>>, StoreError> {
    let of_instance: Vec<DiskId>;
    let ids = match (&filter.ids, &filter.instance) {
        (Some(ids), _) => Some(&ids[..]),
        (None, Some(instance)) => {
            let attached = tx.attached(instance)?.into_iter();
            of_instance = attached.map(|attached| attached.disk.clone()).collect();
            Some(&of_instance[..])
        }
        (None, None) => None,
    };
    let mut matches = |resource: &dyn DynEntity| {
        let any: &dyn Any = resource;
        any.downcast_ref::<Disk>().map_or(Ok(false), |disk| is_wanted(tx, filter, disk))
    };
    let found = tx.resources(Disk::TYPE, &filter.scope(ids), page, &mut matches)?;
    found.shared()
}

/// A lock is on the disk itself or, while it is In_use, on its instance.
fn is_wanted<R: ReadTx + ?Sized>(
    tx: &R,
    filter: &DiskFilter,
    disk: &Disk,
) -> Result<bool, StoreError> {
    if !filter.matches(disk) {
        return Ok(false);
    }
    let Some(reason) = filter.lock else { return Ok(true) };
    if disk.locks.contains(&reason) {
        return Ok(true);
    }
    for at in disk.attachments.iter().filter(|_| disk.status() == DiskStatus::InUse) {
        let instance = tx.look_at(&at.instance)?;
        if instance.is_some_and(|instance| instance.is_locked_for(reason)) {
            return Ok(true);
        }
    }
    Ok(false)
}
