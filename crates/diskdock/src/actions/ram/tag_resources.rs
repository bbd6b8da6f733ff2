//! `TagResources`: set tags of roles or policies.

use super::tagged::{Names, TaggedKind, TaggedOnes};
use super::tags_text::TagsText;
use crate::actions::prelude::*;

/// Sets tags of roles or policies.
pub(crate) struct TagRamResources;

params!(
    /// Parameters of TagResources.
    pub(crate) struct Params {
        /// Of which kind.
        resource_type: TaggedKind,
        /// The roles or policies, as a JSON array of names.
        #[example = "operators"]
        resource_names: Names,
        /// The tags, as a JSON array of structures with Key and Value.
        tag: TagsText,
    }
);

impl Action for TagRamResources {
    type Params = Params;
    type Facts = TaggedOnes;
    type Reply = ();

    const NAME: &'static str = "TagResources";
    const SUMMARY: &'static str = "Sets tags of roles or policies.";
    const DETAILS: &'static str = "A key that is there already gets the new value.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<TaggedOnes>] = &[
        must("nothing has more than 20 tags afterwards", TaggedOnes::fits, &TAG_QUOTA),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<TaggedOnes, ActionError> {
        let found = TaggedOnes::load(tx, call, params.resource_type, &params.resource_names)?;
        Ok(found.change(|tags| {
            params.tag.0.iter().for_each(|tag| domain::tag::set(tags, tag.clone()));
        }))
    }

    fn effect(_: &Call<'_>, _: &Params, facts: TaggedOnes) -> Effect<()> {
        facts.save()
    }
}
