//! Tags and resource groups of every kind of resource.

pub(crate) mod add_tags;
pub(crate) mod describe_tags;
pub(crate) mod join_resource_group;
pub(crate) mod list_tag_resources;
pub(crate) mod remove_tags;
pub(crate) mod tag_resources;
mod tagged;
pub(crate) mod untag_resources;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup =
    ActionGroup { title: "Tags and resource groups", resources: &[], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Mutation(&tag_resources::TagResources),
    Entry::Mutation(&untag_resources::UntagResources),
    Entry::Reading(&list_tag_resources::ListTagResources),
    Entry::Mutation(&add_tags::AddTags),
    Entry::Mutation(&remove_tags::RemoveTags),
    Entry::Reading(&describe_tags::DescribeTags),
    Entry::Mutation(&join_resource_group::JoinResourceGroup),
];
