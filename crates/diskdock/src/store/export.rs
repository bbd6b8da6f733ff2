//! The whole store as one value: for export, import and comparison.

mod check;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::InstanceId;
use domain::entity::Entity;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use check::ExportCheck;
pub use check::ExportError;
use stream::parts_of;
pub(crate) use stream::{ExportFault, ExportPart, read_parts, write_export};

use super::records::OperationRow;
use super::resource::{DynEntity, EntityType, KINDS};
use super::{ReadTx, StoreError, WriteTx};

/// The version of the format below. Fields may be added to it, never changed.
pub const FORMAT: u32 = 1;
/// Resources that are read from the store at a time.
const BATCH_SIZE: u32 = 256;

/// The whole state but for access keys, ClientTokens and the record of calls.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// [`FORMAT`].
    pub format: u32,
    /// All resources, by the plural of their kind, in the order of their ids.
    resources: BTreeMap<&'static str, Vec<Arc<dyn DynEntity>>>,
    /// User data of instances, in Base64.
    pub user_data: Vec<(InstanceId, String)>,
    /// Operations in flight.
    pub operations: Vec<OperationRow>,
}

impl Export {
    /// A snapshot of nothing.
    pub fn empty() -> Export {
        Export { format: FORMAT, ..Export::default() }
    }

    /// The same with these resources of one kind besides.
    pub fn with<T: Entity>(mut self, entities: impl IntoIterator<Item = T>) -> Export {
        let entities = entities.into_iter().map(|one| Arc::new(one) as Arc<dyn DynEntity>);
        self.resources.entry(T::KIND.plural).or_default().extend(entities);
        self
    }

    /// The resources of one kind.
    pub fn all<T: Entity>(&self) -> impl Iterator<Item = &T> {
        let all = self.resources.get(T::KIND.plural).into_iter().flatten();
        all.filter_map(|resource| {
            let any: &dyn std::any::Any = resource.as_ref();
            any.downcast_ref()
        })
    }

    /// Takes the resources of one kind out.
    pub fn remove<T: Entity>(&mut self) -> Vec<T> {
        let removed = self.all::<T>().cloned().collect();
        self.resources.remove(T::KIND.plural);
        removed
    }

    /// The whole store as a transaction sees it.
    pub(super) fn take<R: ReadTx + ?Sized>(tx: &R) -> Result<Export, StoreError> {
        let mut resources = BTreeMap::new();
        for of in KINDS {
            resources.insert(of.kind.plural, every(tx, of)?);
        }
        let (user_data, operations) = (tx.all_user_data()?, tx.operations()?);
        Ok(Export { format: FORMAT, resources, user_data, operations })
    }

    /// Saves all of it.
    pub(super) fn load<W: WriteTx + ?Sized>(&self, tx: &mut W) -> Result<(), StoreError> {
        for resource in self.resources.values().flatten() {
            tx.save_resource(Arc::clone(resource))?;
        }
        for (id, data) in &self.user_data {
            tx.save_user_data(id, data)?;
        }
        self.operations.iter().try_for_each(|operation| tx.begin_operation(operation))
    }

    /// Whether it hangs together: ids are unique, every attachment names an instance of it, and
    /// no field is misspelt.
    pub fn check(&self) -> Result<(), ExportError> {
        let mut check = ExportCheck::default();
        check.format(self.format);
        for resource in self.resources.values().flatten() {
            check.resource(resource.as_ref())?;
        }
        check.end()?;
        let mut all = self.resources.values().flatten();
        all.try_for_each(|resource| check.attachments(resource.as_ref()))
    }

    fn add(&mut self, part: ExportPart) {
        match part {
            ExportPart::Format(format) => self.format = format,
            ExportPart::Resource(resource) => {
                let plural = resource.resource_type().kind.plural;
                self.resources.entry(plural).or_default().push(resource);
            }
            ExportPart::UserData(id, data) => self.user_data.push((id, data)),
            ExportPart::Operation(row) => self.operations.push(*row),
        }
    }
}

fn every<R: ReadTx + ?Sized>(
    tx: &R,
    of: &'static EntityType,
) -> Result<Vec<Arc<dyn DynEntity>>, StoreError> {
    let mut all: Vec<Arc<dyn DynEntity>> = Vec::new();
    loop {
        let after = all.last().map(|last| last.id().to_owned());
        let page = tx.resources_after(of, after.as_deref(), BATCH_SIZE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Two snapshots are the same if they are written in the same way.
impl PartialEq for Export {
    fn eq(&self, other: &Export) -> bool {
        let written = |one: &Export| {
            let all = one.resources.values().flatten();
            all.map(|resource| resource.encode()).collect::<Vec<_>>()
        };
        self.format == other.format
            && written(self) == written(other)
            && self.user_data == other.user_data
            && self.operations == other.operations
    }
}

impl Serialize for Export {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        struct List<'s>(&'s [Arc<dyn DynEntity>]);
        impl Serialize for List<'_> {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_seq(self.0.iter().map(|resource| resource.to_value()))
            }
        }
        let mut fields = out.serialize_map(None)?;
        fields.serialize_entry("format", &self.format)?;
        for of in KINDS {
            let list = self.resources.get(of.kind.plural).map_or(&[][..], Vec::as_slice);
            fields.serialize_entry(of.kind.plural, &List(list))?;
        }
        fields.serialize_entry("user_data", &self.user_data)?;
        fields.serialize_entry("operations", &self.operations)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Export {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut found = Export::default();
        parts_of(from, &mut |part| {
            found.add(part);
            Ok(())
        })?;
        Ok(found)
    }
}
