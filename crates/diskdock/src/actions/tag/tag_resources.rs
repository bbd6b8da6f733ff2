//! `TagResources`: set tags on resources of one kind.

use domain::limits::TAGS_PER_RESOURCE;

use super::tagged::{self, ResourceType, Tagging};
use crate::actions::paging::add_tag;
use crate::actions::prelude::*;
use crate::catalog::{TagKey, TagValue};

/// Sets tags on resources of one kind.
pub(crate) struct TagResources;

params!(
    /// Parameters of TagResources.
    pub(crate) struct Params {
        /// The region of the resources.
        #[missing = MISSING_REGION_FOR_TAGS]
        region_id: RegionId,
        /// The kind of resource.
        #[missing = MISSING_RESOURCE_TYPE]
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: ResourceType,
        /// The resources, up to 50; all of them are tagged or none.
        #[missing = MISSING_RESOURCE_IDS]
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: AtLeastOne<Text<1, 128>>,
        /// The tags, up to 20. One with a key that is there already takes its place.
        tag: Groups<NewTag>,
    }
);

params!(
    /// One tag.
    pub(crate) struct NewTag {
        /// The key.
        #[missing = TAG_MISMATCH]
        key: TagKey,
        /// The value, which may be empty.
        #[missing = TAG_MISMATCH]
        value: TagValue,
    }
);

const TAG_INSTANCE: Verb = tag("instance", &tag_parameters("instance"));
const TAG_DISK: Verb = tag("disk", &tag_parameters("disk"));

const fn tag(kind: &'static str, gives: &'static [(&'static str, Given)]) -> Verb {
    Verb {
        asks: Asks::Text("key=value"),
        said: "A tag of {id}. One with the same key is replaced.",
        ..Verb::new("Tag", kind, gives)
    }
}

const fn tag_parameters(kind: &'static str) -> [(&'static str, Given); 5] {
    [
        ("RegionId", Given::Field("region")),
        ("ResourceType", Given::Always(kind)),
        ("ResourceId.1", Given::Id),
        ("Tag.1.Key", Given::AnswerKey),
        ("Tag.1.Value", Given::AnswerValue),
    ]
}

impl Action for TagResources {
    type Params = Params;
    type Facts = Tagging;
    type Reply = ();

    const NAME: &'static str = "TagResources";
    const SUMMARY: &'static str = "Sets tags on up to 50 resources of one kind.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const VERBS: &'static [Verb] = &[
        Verb { statuses: &["Running", "Stopped"], ..TAG_INSTANCE },
        Verb { statuses: &["Available", "In_use"], ..TAG_DISK },
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &MISSING_TAGS,
        &TAGS_EXCEEDED,
        &TAG_DUPLICATE,
        &RESOURCE_IDS_EXCEEDED,
        &RESOURCE_IDS_NOT_FOUND,
    ];

    /// Checked in this order; the first that does not hold is the error.
    const PRECONDITIONS: &'static [Precondition<Tagging>] = tagged::RULES;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Tagging, ActionError> {
        let ids = &params.resource_id.0;
        let resources = tagged::find_all(tx, call, params.resource_type, ids, &params.region_id)?;
        Ok(Tagging::new(call, resources, tags(&params.tag.0)?))
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Tagging) -> Effect<()> {
        facts.set()
    }
}

fn tags(given: &[NewTag]) -> Result<Vec<Tag>, &'static ErrorCode> {
    if given.is_empty() {
        return Err(&MISSING_TAGS);
    }
    if given.len() > TAGS_PER_RESOURCE {
        return Err(&TAGS_EXCEEDED);
    }
    let mut tags: Vec<Tag> = Vec::with_capacity(given.len());
    for NewTag { key, value } in given {
        add_tag(&mut tags, &key.0, &value.0)?;
    }
    Ok(tags)
}
