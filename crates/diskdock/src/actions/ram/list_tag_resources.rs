//! `ListTagResources`: the tags of policies.

use domain::ram::RamPolicy;

use super::lookup;
use super::tags_text::TagsText;
use crate::actions::prelude::*;

/// Lists the tags of policies.
pub(crate) struct ListPolicyTags;

choice!(
    /// Kinds of resource that can have tags.
    pub(crate) enum TaggedKind {
        Role = "role",
        Policy = "policy",
    }
);

params!(
    /// Parameters of ListTagResources.
    pub(crate) struct Params {
        /// Of which kind. There are no roles here.
        resource_type: TaggedKind,
        /// Only tags of these, as a JSON array.
        #[example = "readers"]
        #[names = "policy"]
        resource_names: Option<JsonList<Text<1, 128>, 50>>,
        /// Only these tags, as a JSON array of structures with Key and Value.
        tag: Option<TagsText>,
        /// Where the page before ended. All tags are on one page here.
        next_token: Ignored<Option<Text<0, 128>>>,
        /// Entries on a page. All tags are on one page here.
        page_size: Ignored<Option<Integer<1, 100>>>,
    }
);

reply!(
    /// Reply of ListTagResources.
    pub(crate) struct Reply {
        /// Where the page ended: there is one page.
        next_token: &'static str,
        /// The tags.
        tag_resources: Vec<TagItem>,
    }
);

reply!(
    /// A tag of a policy.
    pub(crate) struct TagItem {
        /// The policy.
        resource_name: String,
        /// `policy`.
        resource_type: &'static str,
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListPolicyTags {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListTagResources";
    const SUMMARY: &'static str = "Lists the tags of policies.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let policies: Vec<RamPolicy> = match params.resource_type {
            TaggedKind::Policy => lookup::all(tx, call)?,
            TaggedKind::Role => Vec::new(),
        };
        let is_named = |policy: &&RamPolicy| {
            let names = params.resource_names.as_ref();
            names.is_none_or(|names| names.0.iter().any(|name| name.0 == policy.name))
        };
        let is_wanted =
            |tag: &&Tag| params.tag.as_ref().is_none_or(|wanted| wanted.0.contains(tag));
        let named = policies.iter().filter(is_named);
        let tags = named.flat_map(|policy| {
            policy.tags.iter().filter(is_wanted).map(|tag| TagItem {
                resource_name: policy.name.clone(),
                resource_type: "policy",
                tag_key: tag.key.clone(),
                tag_value: tag.value.clone(),
            })
        });
        Ok(Reply { next_token: "", tag_resources: tags.collect() })
    }
}
