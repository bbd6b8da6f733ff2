//! `ListTagResources`: the tags of roles or policies.

use super::tagged::{Names, TaggedKind, TaggedOnes};
use super::tags_text::TagsText;
use crate::actions::prelude::*;

/// Lists the tags of roles or policies.
pub(crate) struct ListRamTags;

params!(
    /// Parameters of ListTagResources.
    pub(crate) struct Params {
        /// Of which kind.
        resource_type: TaggedKind,
        /// Only tags of these, as a JSON array of names.
        #[example = "readers"]
        resource_names: Option<Names>,
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
    /// A tag of a role or policy.
    pub(crate) struct TagItem {
        /// The role or policy.
        resource_name: String,
        /// `role` or `policy`.
        resource_type: &'static str,
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListRamTags {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListTagResources";
    const SUMMARY: &'static str = "Lists the tags of roles or policies.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let all = TaggedOnes::all(tx, call, params.resource_type)?;
        let is_named = |(name, _): &(&str, &[Tag])| {
            let names = params.resource_names.as_ref();
            names.is_none_or(|names| names.0.iter().any(|one| one.0 == *name))
        };
        let is_wanted =
            |tag: &&Tag| params.tag.as_ref().is_none_or(|wanted| wanted.0.contains(tag));
        let tags = all.each().filter(is_named).flat_map(|(name, tags)| {
            tags.iter().filter(is_wanted).map(move |tag| TagItem {
                resource_name: name.to_owned(),
                resource_type: params.resource_type.as_str(),
                tag_key: tag.key.clone(),
                tag_value: tag.value.clone(),
            })
        });
        Ok(Reply { next_token: "", tag_resources: tags.collect() })
    }
}
