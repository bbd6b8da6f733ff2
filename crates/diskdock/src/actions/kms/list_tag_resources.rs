//! `ListTagResources`: the tags of keys.

use domain::kms::KmsKey;

use crate::actions::paging;
use crate::actions::prelude::*;
use crate::catalog::PlainTagFilter;
use crate::store::{EntityReads, Filter};

/// Lists the tags of keys.
pub(crate) struct ListKeyTags;

choice!(
    /// Kinds of resource that have tags. There are no secrets here.
    pub(crate) enum TaggedKeyKind {
        Key = "key",
        Secret = "secret",
    }
);

params!(
    /// Parameters of ListTagResources.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Of which kind.
        resource_type: TaggedKeyKind,
        /// Only tags of these keys, up to 50.
        #[example = "key-bp1a2b3c4d5e6f7g8h9i0"]
        resource_id: Each<Text<1, 128>>,
        /// Only tags of keys with all these tags.
        tag: Groups<PlainTagFilter>,
        /// Where the page before ended. All tags are on one page here.
        next_token: Ignored<Option<Text<0, 128>>>,
    }
);

reply!(
    /// Reply of ListTagResources.
    pub(crate) struct Reply {
        /// Where the page ended: there is one page.
        next_token: &'static str,
        /// The tags.
        tag_resources: KeyTagPage,
    }
);

reply!(
    /// Tags of keys.
    pub(crate) struct KeyTagPage {
        /// One for each tag of each key.
        tag_resource: Vec<TagOfKey>,
    }
);

reply!(
    /// A tag of a key.
    pub(crate) struct TagOfKey {
        /// The key.
        resource_id: String,
        /// `key`.
        resource_type: &'static str,
        /// The key of the tag.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListKeyTags {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListTagResources";
    const SUMMARY: &'static str = "Lists the tags of keys of a region.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &KMS_RESOURCE_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let mut filter = Filter::<KmsKey>::all(call.caller.account.clone(), region);
        filter.tags = paging::plain_tags(&params.tag.0)?;
        let mut keys = match params.resource_type {
            TaggedKeyKind::Key => tx.all(&filter)?,
            TaggedKeyKind::Secret => Vec::new(),
        };
        keys.retain(|key| key.exists(call.now));
        let ids = &params.resource_id.0;
        let is_known = |id: &Text<1, 128>| keys.iter().any(|key| key.id.as_str() == id.0);
        if filter.tags.is_empty() && !ids.iter().all(is_known) {
            return Err((&KMS_RESOURCE_NOT_FOUND).into());
        }
        let is_named =
            |key: &&KmsKey| ids.is_empty() || ids.iter().any(|id| id.0 == key.id.as_str());
        let tags = keys.iter().filter(is_named).flat_map(|key| {
            key.tags.iter().map(|tag| TagOfKey {
                resource_id: key.id.to_string(),
                resource_type: "key",
                tag_key: tag.key.clone(),
                tag_value: tag.value.clone(),
            })
        });
        Ok(Reply { next_token: "", tag_resources: KeyTagPage { tag_resource: tags.collect() } })
    }
}
