//! `ListPolicies`: the service's policies and those of the account.

use domain::ram::{PolicyType, RamPolicy, version_id};

use super::lookup::{self, PolicyTypeWord};
use super::policy_holder::Holders;
use super::tags_text::TagsText;
use super::view::VERSION;
use crate::actions::paging::token;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::policy::SYSTEM_POLICIES;
use crate::store::Cursor;

/// Lists the service's policies and those of the account.
pub(crate) struct ListPolicies;

params!(
    /// Parameters of ListPolicies.
    pub(crate) struct Params {
        /// Only the service's, or only those of the account.
        #[malformed = POLICY_TYPE_NOT_VALID]
        policy_type: Option<PolicyTypeWord>,
        /// Where the page before ended.
        #[malformed = NEXT_TOKEN_NOT_VALID]
        marker: Option<Text<1, 128>>,
        /// Entries on a page; 100 if left out.
        max_items: Option<Integer<1, 1000>>,
        /// Only policies with all these tags, as a JSON array of structures with Key and Value.
        tag: Option<TagsText>,
    }
);

reply!(
    /// Reply of ListPolicies.
    pub(crate) struct Reply {
        /// The policies.
        policies: Policies,
        /// Whether there are more.
        is_truncated: bool,
        /// Where the page ended, if there are more.
        marker: Option<String>,
    }
);

reply!(
    /// The policies of a page.
    pub(crate) struct Policies {
        /// The entries.
        policy: Vec<PolicyItem>,
    }
);

reply!(
    /// A policy.
    pub(crate) struct PolicyItem {
        /// Its name.
        policy_name: String,
        /// `System` or `Custom`.
        policy_type: &'static str,
        /// Free text.
        description: String,
        /// The version that counts: `v1`.
        default_version: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
        /// How many users and roles have it.
        attachment_count: usize,
        /// Its tags.
        tags: PolicyTags,
    }
);

reply!(
    /// Tags of a policy.
    pub(crate) struct PolicyTags {
        /// One for each key.
        tag: Vec<PolicyTagItem>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct PolicyTagItem {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListPolicies {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListPolicies";
    const SUMMARY: &'static str = "Lists the service's policies and those of the account.";
    const DETAILS: &'static str = "Those of the account come first, the newest before the others.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&NEXT_TOKEN_NOT_VALID];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let Page::After { after, most } = lookup::page(&params.marker, params.max_items)? else {
            return Err(ActionError::Broken("lists of policies have cursors".to_owned()));
        };
        let holders = Holders::all(tx, call)?;
        let wanted =
            |found: PolicyType| params.policy_type.is_none_or(|wanted| wanted.of_domain() == found);
        let own: Vec<RamPolicy> =
            if wanted(PolicyType::Custom) { lookup::all(tx, call)? } else { Vec::new() };
        let own = own.iter().map(|policy| own_item(policy, &holders));
        let system = SYSTEM_POLICIES.iter().filter(|_| wanted(PolicyType::System));
        let system = system.map(|(name, about, _)| system_item(name, about, &holders));
        let mut all: Vec<(Cursor, PolicyItem)> = own.chain(system).collect();
        all.retain(|(_, policy)| has_tags(policy, params.tag.as_ref()));
        all.sort_by(|(one, _), (other, _)| other.cmp(one));
        all.retain(|(at, _)| after.as_ref().is_none_or(|after| at < after));
        let is_truncated = all.len() > most as usize;
        all.truncate(most as usize);
        let end = all.last().filter(|_| is_truncated).map(|(at, _)| at.clone());
        Ok(Reply {
            policies: Policies { policy: all.into_iter().map(|(_, item)| item).collect() },
            is_truncated,
            marker: end.map(|end| token(Some(end))),
        })
    }
}

fn has_tags(policy: &PolicyItem, wanted: Option<&TagsText>) -> bool {
    wanted.into_iter().flat_map(|tags| &tags.0).all(|wanted| {
        let same = |tag: &PolicyTagItem| tag.tag_key == wanted.key && tag.tag_value == wanted.value;
        policy.tags.tag.iter().any(same)
    })
}

fn own_item(policy: &RamPolicy, holders: &Holders) -> (Cursor, PolicyItem) {
    let tag = |tag: &Tag| PolicyTagItem { tag_key: tag.key.clone(), tag_value: tag.value.clone() };
    let item = PolicyItem {
        policy_name: policy.name.clone(),
        policy_type: PolicyType::Custom.as_str(),
        description: policy.description.clone(),
        default_version: version_id(policy.default_version),
        create_date: with_seconds(policy.created_at),
        update_date: with_seconds(policy.updated_at),
        attachment_count: holders.of(PolicyType::Custom, &policy.name),
        tags: PolicyTags { tag: policy.tags.iter().map(tag).collect() },
    };
    (Cursor { created_at: policy.created_at, id: policy.name.as_str().into() }, item)
}

fn system_item(name: &str, about: &str, holders: &Holders) -> (Cursor, PolicyItem) {
    let item = PolicyItem {
        policy_name: name.to_owned(),
        policy_type: PolicyType::System.as_str(),
        description: about.to_owned(),
        default_version: VERSION.to_owned(),
        create_date: with_seconds(Moment(0)),
        update_date: with_seconds(Moment(0)),
        attachment_count: holders.of(PolicyType::System, name),
        tags: PolicyTags { tag: Vec::new() },
    };
    (Cursor { created_at: Moment(0), id: name.into() }, item)
}
