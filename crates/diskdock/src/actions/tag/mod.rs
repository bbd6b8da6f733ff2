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
    Entry::Action(&tag_resources::TagResources),
    Entry::Action(&untag_resources::UntagResources),
    Entry::Query(&list_tag_resources::ListTagResources),
    Entry::Action(&add_tags::AddTags),
    Entry::Action(&remove_tags::RemoveTags),
    Entry::Query(&describe_tags::DescribeTags),
    Entry::Action(&join_resource_group::JoinResourceGroup),
];
