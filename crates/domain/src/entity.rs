//! The common part of every kind of resource, so that keeping, finding and listing it is written
//! once: an id, an owner, a region, a time of creation, tags.
//!
//! A new kind is a file like `disk.rs` with an `impl Entity`, a line in `store::KINDS`, and a
//! migration that makes its table.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::AccountId;
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

/// The names of a kind of resource.
#[derive(Debug, PartialEq, Eq)]
pub struct EntityKind {
    /// In the singular: `disk`.
    pub name: &'static str,
    /// In the plural: `disks`. The name of its table, and of its list in an export.
    pub plural: &'static str,
    /// The beginning of its ids: `d-`.
    pub id_prefix: &'static str,
    /// Whether requests name it by its name, which is a term of it, instead of its id.
    pub by_name: bool,
    /// The columns of its table that narrow a list down, besides those that every kind has.
    pub columns: &'static [&'static str],
}

impl EntityKind {
    /// A kind that requests name by its name, without columns.
    pub(crate) const fn by_name(
        name: &'static str,
        plural: &'static str,
        id_prefix: &'static str,
    ) -> EntityKind {
        EntityKind { name, plural, id_prefix, by_name: true, columns: &[] }
    }
}

/// A kind of resource.
pub trait Entity:
    Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The type of its ids.
    type Id: EntityId<Entity = Self>;

    /// Its names.
    const KIND: EntityKind;

    /// Its id.
    fn id(&self) -> &Self::Id;
    /// The owner.
    fn account(&self) -> &AccountId;
    /// The region it lies in.
    fn region(&self) -> &str;
    /// When the request that made it was accepted. Never changes: lists are in this order.
    fn created_at(&self) -> Moment;
    /// Its tags.
    fn tags(&self) -> &[Tag];
    /// The resource group, or empty.
    fn resource_group(&self) -> &str;
    /// Its tags, to be changed; none for a kind that cannot be tagged.
    fn tags_mut(&mut self) -> Option<&mut Vec<Tag>> {
        None
    }
    /// The resource group, to be changed; none for a kind that is in no group.
    fn resource_group_mut(&mut self) -> Option<&mut String> {
        None
    }
    /// The value of each of [`EntityKind::columns`], in their order.
    fn columns(&self) -> Vec<&str>;
    /// Further texts that it is found by quickly, such as its name: pairs of a word and a value.
    /// Empty values are not found. Tags and the resource group need not be named here.
    fn terms(&self) -> Vec<(&'static str, &str)>;
    /// Names of its fields that this version does not know, wherever they are in it.
    fn unknown_fields(&self) -> Vec<&UnknownFields>;
}

/// The id of a kind of resource.
pub trait EntityId:
    AsRef<str> + Clone + Debug + Display + Eq + Ord + Hash + Send + Sync + 'static
{
    /// The kind of resource that it is the id of.
    type Entity: Entity<Id = Self>;

    /// The id as it travels on the wire.
    fn as_str(&self) -> &str {
        self.as_ref()
    }
}

/// The accessors of [`Entity`] that every kind answers by a field of that name, tags and resource
/// group aside.
macro_rules! plain_fields {
    ($id:ty) => {
        type Id = $id;

        fn id(&self) -> &$id {
            &self.id
        }

        fn account(&self) -> &$crate::ids::AccountId {
            &self.account
        }

        fn region(&self) -> &str {
            &self.region
        }

        fn created_at(&self) -> $crate::moment::Moment {
            self.created_at
        }
    };
}
pub(crate) use plain_fields;

/// The accessors of [`Entity`] that a kind with tags answers by a field of that name.
macro_rules! common_fields {
    ($id:ty) => {
        $crate::entity::plain_fields!($id);

        fn tags(&self) -> &[$crate::tag::Tag] {
            &self.tags
        }

        fn resource_group(&self) -> &str {
            &self.resource_group
        }

        fn tags_mut(&mut self) -> Option<&mut Vec<$crate::tag::Tag>> {
            Some(&mut self.tags)
        }

        fn resource_group_mut(&mut self) -> Option<&mut String> {
            Some(&mut self.resource_group)
        }
    };
}
pub(crate) use common_fields;
