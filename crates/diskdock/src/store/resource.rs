//! Resources of any kind behind one face, so that an engine keeps, finds and lists all of them
//! with the same code; and the typed face that everybody else uses.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use domain::entity::{Entity, EntityId, EntityKind};
use domain::kms::KmsKey;
use domain::ram::{RamGroup, RamPolicy, RamRole, RamUser};
use domain::{
    AccountId, CustomImage, Disk, DiskSnapshot, Instance, KeyPair, Moment, SecurityGroup,
    SnapshotGroup, SnapshotPolicy, Tag, Task, VSwitch, Vpc,
};
use serde_json::Value;

use super::list::{Filter, ListPage, Page, RESOURCE_GROUP};
use super::{ReadTx, StoreError, WriteTx};

/// Resources that a visit of all of them reads at a time.
const VISITED_BATCH: u32 = 500;

/// Every kind of resource that the store keeps.
pub static KINDS: &[&EntityType] = &[
    Disk::TYPE,
    Instance::TYPE,
    Task::TYPE,
    DiskSnapshot::TYPE,
    Vpc::TYPE,
    VSwitch::TYPE,
    SecurityGroup::TYPE,
    SnapshotGroup::TYPE,
    SnapshotPolicy::TYPE,
    RamUser::TYPE,
    RamRole::TYPE,
    RamGroup::TYPE,
    RamPolicy::TYPE,
    KeyPair::TYPE,
    KmsKey::TYPE,
    CustomImage::TYPE,
];

/// A kind of resource as engines know it.
#[derive(Debug)]
pub struct EntityType {
    /// Its names.
    pub kind: EntityKind,
    /// Reads one from its JSON.
    pub decode: fn(&str) -> Result<Arc<dyn DynEntity>, StoreError>,
    /// Reads one from a value of an export.
    pub decode_value: fn(Value) -> Result<Arc<dyn DynEntity>, StoreError>,
}

/// A resource of some kind.
pub trait DynEntity: Any + Debug + Send + Sync {
    /// Which kind.
    fn resource_type(&self) -> &'static EntityType;
    /// Its id.
    fn id(&self) -> &str;
    /// The owner.
    fn account(&self) -> &AccountId;
    /// The region it lies in.
    fn region(&self) -> &str;
    /// When the request that made it was accepted.
    fn created_at(&self) -> Moment;
    /// The value of each column of its kind.
    fn columns(&self) -> Vec<&str>;
    /// Its tags.
    fn tags(&self) -> &[Tag];
    /// The resource group, or empty.
    fn resource_group(&self) -> &str;
    /// The same with these tags; none for a kind that cannot be tagged.
    fn with_tags(&self, tags: Vec<Tag>) -> Option<Arc<dyn DynEntity>>;
    /// The same in this resource group; none for a kind that is in no group.
    fn with_resource_group(&self, group: &str) -> Option<Arc<dyn DynEntity>>;
    /// The terms that it is found by quickly: pairs of a term and a value that is not empty, or
    /// that of a tag.
    fn terms(&self) -> Vec<(Cow<'static, str>, &str)>;
    /// Whether another resource of the kind has the same terms.
    fn has_terms_of(&self, other: &dyn DynEntity) -> bool;
    /// All of it, as JSON.
    fn encode(&self) -> String;
    /// All of it, as a value of an export.
    fn to_value(&self) -> Value;
    /// Names of fields that this version does not know.
    fn unknown_fields(&self) -> Vec<String>;
}

/// The engine's view of each kind of entity.
pub trait StoredEntity: Entity {
    /// The kind of resource as engines know it.
    const TYPE: &'static EntityType = &EntityType {
        kind: Self::KIND,
        decode: decode::<Self>,
        decode_value: decode_value::<Self>,
    };
}

impl<T: Entity> StoredEntity for T {}

fn decode<T: Entity>(text: &str) -> Result<Arc<dyn DynEntity>, StoreError> {
    decoded::<T>(serde_json::from_str(text))
}

fn decode_value<T: Entity>(value: Value) -> Result<Arc<dyn DynEntity>, StoreError> {
    decoded::<T>(serde_json::from_value(value))
}

fn decoded<T: Entity>(found: serde_json::Result<T>) -> Result<Arc<dyn DynEntity>, StoreError> {
    match found {
        Ok(found) => Ok(Arc::new(found)),
        Err(error) => Err(StoreError::Corrupt(format!("a {}: {error}", T::KIND.name))),
    }
}

/// The term under which a resource is found by one of its tags.
pub(super) fn tag_term(key: &str) -> String {
    format!("tag:{key}")
}

impl<T: Entity> DynEntity for T {
    fn resource_type(&self) -> &'static EntityType {
        T::TYPE
    }

    fn id(&self) -> &str {
        Entity::id(self).as_str()
    }

    fn account(&self) -> &AccountId {
        Entity::account(self)
    }

    fn region(&self) -> &str {
        Entity::region(self)
    }

    fn created_at(&self) -> Moment {
        Entity::created_at(self)
    }

    fn columns(&self) -> Vec<&str> {
        Entity::columns(self)
    }

    fn tags(&self) -> &[Tag] {
        Entity::tags(self)
    }

    fn resource_group(&self) -> &str {
        Entity::resource_group(self)
    }

    fn with_tags(&self, tags: Vec<Tag>) -> Option<Arc<dyn DynEntity>> {
        let mut changed = self.clone();
        *changed.tags_mut()? = tags;
        Some(Arc::new(changed))
    }

    fn with_resource_group(&self, group: &str) -> Option<Arc<dyn DynEntity>> {
        let mut changed = self.clone();
        group.clone_into(changed.resource_group_mut()?);
        Some(Arc::new(changed))
    }

    fn terms(&self) -> Vec<(Cow<'static, str>, &str)> {
        let own = Entity::terms(self).into_iter();
        let texts = own.chain([(RESOURCE_GROUP, Entity::resource_group(self))]);
        let texts = texts.filter(|(_, value)| !value.is_empty());
        let texts = texts.map(|(term, value)| (Cow::Borrowed(term), value));
        let tags = Entity::tags(self).iter();
        texts.chain(tags.map(|tag| (Cow::Owned(tag_term(&tag.key)), &*tag.value))).collect()
    }

    fn has_terms_of(&self, other: &dyn DynEntity) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>().is_some_and(|other| {
            Entity::tags(self) == Entity::tags(other)
                && Entity::resource_group(self) == Entity::resource_group(other)
                && Entity::terms(self) == Entity::terms(other)
        })
    }

    fn encode(&self) -> String {
        serde_json::to_string(self).expect("entities are plain data")
    }

    fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("entities are plain data")
    }

    fn unknown_fields(&self) -> Vec<String> {
        let all = Entity::unknown_fields(self);
        all.into_iter().flat_map(|fields| fields.names().map(str::to_owned)).collect()
    }
}

/// The entity in a resource of its kind, which others may hold as well.
fn shared<T: Entity>(resource: Arc<dyn DynEntity>) -> Result<Arc<T>, StoreError> {
    let looked_at: &dyn Any = resource.as_ref();
    if !looked_at.is::<T>() {
        return Err(StoreError::Corrupt(format!("{} is no {}", resource.id(), T::KIND.name)));
    }
    let any: Arc<dyn Any + Send + Sync> = resource;
    any.downcast::<T>().map_err(|_| StoreError::Corrupt(format!("no {}", T::KIND.name)))
}

/// The entity in a resource of its kind.
fn typed<T: Entity>(resource: Arc<dyn DynEntity>) -> Result<T, StoreError> {
    shared(resource).map(Arc::unwrap_or_clone)
}

/// Reads of any kind of entity.
pub trait EntityReads: ReadTx {
    /// The resource of this id.
    fn get<I: EntityId>(&self, id: &I) -> Result<Option<I::Entity>, StoreError> {
        self.resource(I::Entity::TYPE, id.as_str())?.map(typed).transpose()
    }

    /// The same, to be looked at only.
    fn look_at<I: EntityId>(&self, id: &I) -> Result<Option<Arc<I::Entity>>, StoreError> {
        self.resource(I::Entity::TYPE, id.as_str())?.map(shared).transpose()
    }

    /// A page of the resources that match, newest first.
    fn list<T: Entity>(&self, filter: &Filter<T>, page: &Page) -> Result<ListPage<T>, StoreError> {
        let mut matches = |resource: &dyn DynEntity| {
            let any: &dyn Any = resource;
            Ok(any.downcast_ref::<T>().is_some_and(|entity| filter.matches(entity)))
        };
        let found = self.resources(T::TYPE, &filter.scope(), page, &mut matches)?;
        found.each(typed)
    }

    /// Visits all resources that match, newest first.
    fn visit<T: Entity>(
        &self,
        filter: &Filter<T>,
        mut visit: impl FnMut(T),
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.list(filter, &Page::After { after, most: VISITED_BATCH })?;
            page.entries.into_iter().for_each(&mut visit);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// All resources that match, newest first.
    fn all<T: Entity>(&self, filter: &Filter<T>) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.visit(filter, |one| found.push(one))?;
        Ok(found)
    }

    /// The newest resource that matches.
    fn newest<T: Entity>(&self, filter: &Filter<T>) -> Result<Option<T>, StoreError> {
        Ok(self.list(filter, &Page::After { after: None, most: 1 })?.entries.into_iter().next())
    }

    /// How many resources match.
    fn count<T: Entity>(&self, filter: &Filter<T>) -> Result<u64, StoreError> {
        Ok(self.list(filter, &Page::Numbered { number: 1, size: 1 })?.total.unwrap_or(0))
    }

    /// Up to `most` resources of all accounts that come after this one in the order of their ids.
    fn walk<T: Entity>(&self, after: Option<&T::Id>, most: u32) -> Result<Vec<T>, StoreError> {
        let found = self.resources_after(T::TYPE, after.map(EntityId::as_str), most)?;
        found.into_iter().map(typed).collect()
    }
}

impl<R: ReadTx + ?Sized> EntityReads for R {}

/// Writes of any kind of entity.
pub trait EntityWrites: WriteTx {
    /// Saves a resource: a new one, or one that this transaction has read.
    fn save<T: Entity>(&mut self, entity: &T) -> Result<(), StoreError> {
        self.save_resource(Arc::new(entity.clone()))
    }

    /// Removes a resource; removing what is not there is no error.
    fn remove<I: EntityId>(&mut self, id: &I) -> Result<(), StoreError> {
        self.remove_resource(I::Entity::TYPE, id.as_str())
    }
}

impl<W: WriteTx + ?Sized> EntityWrites for W {}

impl ListPage<Arc<dyn DynEntity>> {
    /// A page of the one kind, to be looked at only.
    pub(super) fn shared<T: Entity>(self) -> Result<ListPage<Arc<T>>, StoreError> {
        self.each(shared)
    }

    fn each<T>(
        self,
        typed: impl Fn(Arc<dyn DynEntity>) -> Result<T, StoreError>,
    ) -> Result<ListPage<T>, StoreError> {
        let ListPage { entries, total, next } = self;
        let entries = entries.into_iter().map(typed).collect::<Result<_, _>>()?;
        Ok(ListPage { entries, total, next })
    }
}
