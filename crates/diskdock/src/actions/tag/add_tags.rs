//! `AddTags`: set tags on one resource, as old clients do.

use super::tagged::{self, ResourceType, Tagging};
use crate::actions::paging::new_tags;
use crate::actions::prelude::*;

/// Sets tags on one resource.
pub(crate) struct AddTags;

params!(
    /// Parameters of AddTags.
    pub(crate) struct Params {
        /// The region of the resource. Some clients send none; then any will do.
        region_id: Option<RegionId>,
        /// The kind of resource.
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: ResourceType,
        /// The resource.
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: Text<1, 128>,
        /// The tags, up to 20. One with a key that is there already takes its place.
        tag: Groups<TagParam>,
    }
);

impl Action for AddTags {
    type Params = Params;
    type Facts = Tagging;
    type Reply = ();

    const NAME: &'static str = "AddTags";
    const SUMMARY: &'static str = "Sets tags on one resource. TagResources is newer.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE, &RESOURCE_ID_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Tagging>] = tagged::RULES;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Tagging, ActionError> {
        tagged::check_region(call, params.region_id.as_ref())?;
        let tags = new_tags(&params.tag.0)?;
        if tags.is_empty() {
            return Err((&TAG_COUNT).into());
        }
        let id = &params.resource_id.0;
        let found = tagged::find(tx, call, params.resource_type, id, params.region_id.as_ref())?;
        Ok(Tagging::new(call, vec![found.ok_or(&RESOURCE_ID_NOT_FOUND)?], tags))
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Tagging) -> Effect<()> {
        facts.set()
    }
}
