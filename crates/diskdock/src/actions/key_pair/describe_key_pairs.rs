//! `DescribeKeyPairs`: list key pairs.

use domain::KeyPair;

use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::PlainTagFilter;
use crate::catalog::times::with_seconds;
use crate::store::{EntityReads, Filter};

/// Lists key pairs that match all given filters.
pub(crate) struct DescribeKeyPairs;

params!(
    /// Parameters of DescribeKeyPairs.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only pairs of this name; `*` at either end stands for anything.
        #[offers = "key pair"]
        key_pair_name: Option<Text<1, 128>>,
        /// Only the pair whose public key has this MD5.
        key_pair_finger_print: Option<Text<1, 128>>,
        /// Whether to show public keys.
        include_public_key: Option<bool>,
        /// Only pairs of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only pairs with all these tags.
        tag: Groups<PlainTagFilter>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 50>>,
    }
);

reply!(
    /// Reply of DescribeKeyPairs.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many pairs match.
        total_count: u64,
        /// The pairs.
        key_pairs: KeyPairPage,
    }
);

reply!(
    /// The key pairs of a page.
    pub(crate) struct KeyPairPage {
        /// The entries.
        key_pair: Vec<KeyPairItem>,
    }
);

reply!(
    /// A key pair.
    pub(crate) struct KeyPairItem {
        /// Its name.
        key_pair_name: String,
        /// The MD5 of its public key.
        key_pair_finger_print: String,
        /// The public key, if it is asked for.
        public_key: Option<String>,
        /// When it was made or imported.
        creation_time: String,
        /// The resource group.
        resource_group_id: String,
        /// Its tags.
        tags: KeyPairTags,
    }
);

reply!(
    /// Tags of a key pair.
    pub(crate) struct KeyPairTags {
        /// One for each key.
        tag: Vec<KeyPairTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct KeyPairTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for DescribeKeyPairs {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeKeyPairs";
    const SUMMARY: &'static str = "Lists key pairs that match all given filters, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.list(&filter(call, params)?, &paging.page)?;
        let shows_key = params.include_public_key == Some(true);
        let items = found.entries.into_iter().map(|pair| item(pair, shows_key));
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            key_pairs: KeyPairPage { key_pair: items.collect() },
        })
    }
}

fn filter(call: &Call<'_>, params: &Params) -> Result<Filter<KeyPair>, ActionError> {
    let mut filter = Filter::all(call.caller.account.clone(), &params.region_id.0);
    filter.tags = paging::plain_tags(&params.tag.0)?;
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    if let Some(Text(name)) = params.key_pair_name.clone() {
        filter.restrict_name(name);
    }
    if let Some(Text(wanted)) = params.key_pair_finger_print.clone() {
        filter.also.push(Box::new(move |pair: &KeyPair| pair.fingerprint == wanted));
    }
    Ok(filter)
}

fn item(pair: KeyPair, shows_key: bool) -> KeyPairItem {
    let tag = |tag: Tag| KeyPairTag { tag_key: tag.key, tag_value: tag.value };
    KeyPairItem {
        key_pair_name: pair.name,
        key_pair_finger_print: pair.fingerprint,
        public_key: shows_key.then_some(pair.public_key),
        creation_time: with_seconds(pair.created_at),
        resource_group_id: pair.resource_group,
        tags: KeyPairTags { tag: pair.tags.into_iter().map(tag).collect() },
    }
}
