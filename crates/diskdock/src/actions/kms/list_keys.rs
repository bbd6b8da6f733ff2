//! `ListKeys`: the keys of a region.

use domain::kms::KmsKey;

use super::texts::{KeyFilter, KeyFilters};
use super::view::arn;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Lists the keys of a region.
pub(crate) struct ListKeys;

params!(
    /// Parameters of ListKeys.
    pub(crate) struct Params {
        /// Only keys that match all of these, as a JSON array of structures with Key and Values.
        filters: Option<KeyFilters>,
        /// The page, from 1.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of ListKeys.
    pub(crate) struct Reply {
        /// The keys.
        keys: KmsKeyPage,
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many keys match.
        total_count: u64,
    }
);

reply!(
    /// The keys of a page.
    pub(crate) struct KmsKeyPage {
        /// The entries.
        key: Vec<KmsKeyItem>,
    }
);

reply!(
    /// A key.
    pub(crate) struct KmsKeyItem {
        /// Its id.
        key_id: String,
        /// `acs:kms:<region>:<account>:key/<id>`.
        key_arn: String,
    }
);

impl Query for ListKeys {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListKeys";
    const SUMMARY: &'static str = "Lists the keys of a region, newest first.";
    const ABOUT: About = About::Other("key");
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let paging = Paging::numbered(params.page_number, params.page_size);
        let mut filter = Filter::<KmsKey>::all(call.caller.account.clone(), &call.region());
        let (now, filters) = (call.now, params.filters.clone());
        filter.also.push(Box::new(move |key: &KmsKey| {
            key.exists(now) && filters.iter().flat_map(|all| &all.0).all(|one| matches(key, one))
        }));
        let found = tx.list(&filter, &paging.page)?;
        let item = |key: &KmsKey| KmsKeyItem { key_id: key.id.to_string(), key_arn: arn(key) };
        Ok(Reply {
            keys: KmsKeyPage { key: found.entries.iter().map(item).collect() },
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
        })
    }
}

fn matches(key: &KmsKey, filter: &KeyFilter) -> bool {
    let value = match filter.key.as_str() {
        "KeyState" => key.state(),
        "KeySpec" => &key.spec,
        "KeyUsage" => &key.usage,
        "ProtectionLevel" => &key.protection_level,
        "CreatorType" => "User",
        _ => "",
    };
    filter.values.iter().any(|wanted| wanted == value)
}
