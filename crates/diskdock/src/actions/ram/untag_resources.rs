//! `UntagResources`: take tags off roles or policies.

use super::tagged::{Names, TaggedKind, TaggedOnes};
use crate::actions::prelude::*;

/// Takes tags off roles or policies.
pub(crate) struct UntagRamResources;

params!(
    /// Parameters of UntagResources.
    pub(crate) struct Params {
        /// Of which kind.
        resource_type: TaggedKind,
        /// The roles or policies, as a JSON array of names.
        #[example = "operators"]
        resource_names: Names,
        /// The keys of the tags, as a JSON array.
        #[example = "team"]
        tag_keys: Option<JsonList<Text<1, 128>, 20>>,
        /// Whether all tags are taken off, if no keys are named.
        all: Option<bool>,
    }
);

impl Action for UntagRamResources {
    type Params = Params;
    type Facts = TaggedOnes;
    type Reply = ();

    const NAME: &'static str = "UntagResources";
    const SUMMARY: &'static str = "Takes tags off roles or policies.";
    const DETAILS: &'static str = "A key that is not there is no error.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&ROLE_NAME_CHARACTERS, &ROLE_NOT_FOUND, &POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];
    const PRECONDITIONS: &'static [Precondition<TaggedOnes>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<TaggedOnes, ActionError> {
        TaggedOnes::load(tx, call, params.resource_type, &params.resource_names)
    }

    fn effect(_: &Call<'_>, params: &Params, facts: TaggedOnes) -> Effect<()> {
        let keys = params.tag_keys.as_ref().map(|keys| &keys.0[..]).unwrap_or_default();
        let all = keys.is_empty() && params.all == Some(true);
        let goes = |tag: &Tag| all || keys.iter().any(|key| key.0 == tag.key);
        facts.change(|tags| tags.retain(|tag| !goes(tag))).save()
    }
}
