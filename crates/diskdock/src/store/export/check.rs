//! Whether an export hangs together, told from one resource after the other: what is remembered of
//! each is a number.

use std::any::Any;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use domain::{Disk, Instance};

use super::FORMAT;
use crate::store::DynEntity;

/// A mistake in an export.
#[derive(Debug)]
pub struct ExportError(pub String);

/// The part of an export that was seen so far.
#[derive(Debug, Default)]
pub(crate) struct ExportCheck {
    /// Keyed at random: two ids of ten million have the same number once in 300,000 imports, which
    /// are then refused.
    hasher: RandomState,
    format: u32,
    ids: HashSet<u64>,
    instances: HashSet<u64>,
    /// The instances that disks are on.
    needed: HashSet<u64>,
}

impl ExportCheck {
    /// The export says which format it has.
    pub(crate) fn format(&mut self, format: u32) {
        self.format = format;
    }

    /// The next resource. Refuses one that was there before, or has an unknown field.
    pub(crate) fn resource(&mut self, resource: &dyn DynEntity) -> Result<(), ExportError> {
        if !self.ids.insert(self.hasher.hash_one(resource.id())) {
            return Err(ExportError(format!("{} is there twice", resource.id())));
        }
        if let Some(field) = resource.unknown_fields().first() {
            let fault = format!(
                "{} has the unknown field `{field}`: it is misspelt, or of a newer diskdock",
                resource.id()
            );
            return Err(ExportError(fault));
        }
        let any: &dyn Any = resource;
        if any.is::<Instance>() {
            self.instances.insert(self.hasher.hash_one(resource.id()));
        }
        if let Some(disk) = any.downcast_ref::<Disk>() {
            let on = disk.attachments.iter().map(|at| self.hasher.hash_one(at.instance.as_str()));
            self.needed.extend(on);
        }
        Ok(())
    }

    /// All resources were there. Refuses another format.
    pub(crate) fn end(&self) -> Result<(), ExportError> {
        if self.format == FORMAT {
            return Ok(());
        }
        let fault = format!("the format is {}, this diskdock reads {FORMAT}", self.format);
        Err(ExportError(fault))
    }

    /// Whether [`ExportCheck::attachments`] will refuse a disk.
    pub(crate) fn lacks_instances(&self) -> bool {
        !self.needed.is_subset(&self.instances)
    }

    /// Refuses a disk that is on an instance that was not there. To be asked at the end.
    pub(crate) fn attachments(&self, resource: &dyn DynEntity) -> Result<(), ExportError> {
        let any: &dyn Any = resource;
        let Some(disk) = any.downcast_ref::<Disk>() else { return Ok(()) };
        let is_there = |id: &str| self.instances.contains(&self.hasher.hash_one(id));
        match disk.attachments.iter().find(|at| !is_there(at.instance.as_str())) {
            None => Ok(()),
            Some(lost) => {
                let fault = format!("{} is on {}, which is not there", disk.id, lost.instance);
                Err(ExportError(fault))
            }
        }
    }
}
