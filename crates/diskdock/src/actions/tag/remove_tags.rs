//! `RemoveTags`: take tags off one resource, as old clients do.

use super::tagged::{self, FoundResource, ResourceType};
use crate::actions::paging::tags;
use crate::actions::prelude::*;

/// Takes tags off one resource.
pub(crate) struct RemoveTags;

params!(
    /// Parameters of RemoveTags.
    pub(crate) struct Params {
        /// The region of the resource. Some clients send none; then any will do.
        region_id: Option<RegionId>,
        /// The kind of resource.
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: ResourceType,
        /// The resource.
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: Text<1, 128>,
        /// The tags, up to 20: those of this key, and of this value if one is given.
        tag: Groups<TagFilter>,
    }
);

/// A resource, and the tags to take off it; no value stands for any value.
pub(crate) struct Facts {
    resource: FoundResource,
    tags: Vec<(String, Option<String>)>,
}

impl Action for RemoveTags {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "RemoveTags";
    const SUMMARY: &'static str = "Takes tags off one resource. UntagResources is newer.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &RESOURCE_ID_NOT_FOUND];
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        tagged::check_region(call, params.region_id.as_ref())?;
        let tags = tags(&params.tag.0)?;
        if tags.is_empty() {
            return Err((&TAG_COUNT).into());
        }
        let id = &params.resource_id.0;
        let found = tagged::find(tx, call, params.resource_type, id, params.region_id.as_ref())?;
        Ok(Facts { resource: found.ok_or(&RESOURCE_ID_NOT_FOUND)?, tags })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let is_meant = |tag: &Tag| {
            facts.tags.iter().any(|(key, value)| {
                *key == tag.key && value.as_ref().is_none_or(|value| *value == tag.value)
            })
        };
        tagged::take_off(&[facts.resource], is_meant)
    }
}
