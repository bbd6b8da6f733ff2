//! `UntagResources`: take tags off resources of one kind.

use domain::limits::TAGS_PER_RESOURCE;

use super::tagged::{self, FoundResource, ResourceType};
use crate::actions::prelude::*;

/// Takes tags off resources of one kind.
pub(crate) struct UntagResources;

params!(
    /// Parameters of UntagResources.
    pub(crate) struct Params {
        /// The region of the resources.
        #[missing = MISSING_REGION_FOR_TAGS]
        region_id: RegionId,
        /// The kind of resource.
        #[missing = MISSING_RESOURCE_TYPE]
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: ResourceType,
        /// The resources, up to 50.
        #[missing = MISSING_RESOURCE_IDS]
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: AtLeastOne<Text<1, 128>>,
        /// The keys of the tags, up to 20. A resource need not have them.
        #[example = "team"]
        tag_key: Each<Text<1, 128>>,
        /// Take all tags off, but for those of the service itself; not together with `TagKey`.
        all: Option<bool>,
    }
);

impl Action for UntagResources {
    type Params = Params;
    type Facts = Vec<FoundResource>;
    type Reply = ();

    const NAME: &'static str = "UntagResources";
    const SUMMARY: &'static str = "Takes tags off up to 50 resources of one kind.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &MISSING_TAGS,
        &TAGS_EXCEEDED,
        &ALL_AND_TAG_KEYS,
        &RESOURCE_IDS_EXCEEDED,
        &RESOURCE_IDS_NOT_FOUND,
    ];
    const PRECONDITIONS: &'static [Precondition<Vec<FoundResource>>] = &[];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<Vec<FoundResource>, ActionError> {
        let (keys, all) = (&params.tag_key.0, params.all == Some(true));
        if keys.is_empty() && !all {
            return Err((&MISSING_TAGS).into());
        }
        if !keys.is_empty() && all {
            return Err((&ALL_AND_TAG_KEYS).into());
        }
        if keys.len() > TAGS_PER_RESOURCE {
            return Err((&TAGS_EXCEEDED).into());
        }
        tagged::find_all(tx, call, params.resource_type, &params.resource_id.0, &params.region_id)
    }

    fn effect(_: &Call<'_>, params: &Params, resources: Vec<FoundResource>) -> Effect<()> {
        let keys = &params.tag_key.0;
        let is_named = |tag: &Tag| keys.iter().any(|key| key.0 == tag.key);
        tagged::take_off(&resources, |tag| params.all == Some(true) || is_named(tag))
    }
}
