//! `ListTagResources`: the tags of resources of one kind.

use super::tagged::ResourceType;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;
use crate::store::{DynEntity, Scope};

/// Resources on a page.
const ON_A_PAGE: u32 = 50;
/// Entries of TagFilter, and values of each, at most.
const FILTERS: usize = 5;

/// Lists tags of resources of one kind.
pub(crate) struct ListTagResources;

params!(
    /// Parameters of ListTagResources.
    pub(crate) struct Params {
        /// The region of the resources.
        #[missing = MISSING_REGION_FOR_TAGS]
        region_id: RegionId,
        /// The kind of resource.
        #[missing = MISSING_RESOURCE_TYPE]
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: ResourceType,
        /// Only these resources, up to 50; ids that do not exist are passed over. This, `Tag` or
        /// `TagFilter` is needed.
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: Each<Text<1, 128>>,
        /// Only resources with all these tags.
        tag: Groups<WantedTag>,
        /// Only resources with tags like these, up to 5; not together with `Tag`.
        tag_filter: Groups<LikeTag>,
        /// Where the page before ended.
        #[malformed = TAG_TOKEN_NOT_VALID]
        next_token: Option<Text<1, 128>>,
    }
);

params!(
    /// A tag to look for.
    pub(crate) struct WantedTag {
        /// The key.
        key: Option<Text<1, 128>>,
        /// The value; any value if left out.
        value: Option<Text<0, 128>>,
    }
);

params!(
    /// Tags to look for by parts.
    pub(crate) struct LikeTag {
        /// A part of the key.
        tag_key: Option<Text<1, 128>>,
        /// Parts of the value, of which one is enough; any value if left out.
        tag_values: Each<Text<1, 128>>,
    }
);

reply!(
    /// Reply of ListTagResources.
    pub(crate) struct Reply {
        /// Where the next page begins; empty on the last one.
        next_token: String,
        /// The tags.
        tag_resources: TagResourceList,
    }
);

reply!(
    /// Tags of the resources of a page.
    pub(crate) struct TagResourceList {
        /// One for each tag of each resource.
        tag_resource: Vec<TagOfResource>,
    }
);

reply!(
    /// A tag of a resource.
    pub(crate) struct TagOfResource {
        /// The resource.
        resource_id: String,
        /// Its kind.
        resource_type: &'static str,
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListTagResources {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListTagResources";
    const SUMMARY: &'static str = "Lists tags of resources of one kind, 50 resources on a page.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &TAGS_AND_IDS_EMPTY,
        &TAGS_AND_FILTERS,
        &RESOURCE_IDS_EXCEEDED,
        &TAGS_EXCEEDED,
        &TAG_MISMATCH,
        &TAG_FILTER_MALFORMED,
        &TAG_VALUES_EXCEEDED,
        &TAG_TOKEN_NOT_VALID,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let tags = check(params)?;
        let paging = Paging::by_token(&params.next_token, ON_A_PAGE);
        let paging = paging.map_err(|_| &TAG_TOKEN_NOT_VALID)?;
        let Some(kind) = params.resource_type.stored() else { return Ok(reply(Vec::new(), "")) };
        let ids: Vec<&str> = params.resource_id.0.iter().map(|id| &*id.0).collect();
        let scope = Scope {
            account: call.caller.account.as_str(),
            region: &params.region_id.0,
            ids: Some(ids).filter(|ids| !ids.is_empty()),
            columns: Vec::new(),
            terms: Vec::new(),
            tags: &tags,
            created: (None, None),
            is_whole_place: false,
        };
        let mut matches = |one: &dyn DynEntity| {
            let named = scope.ids.as_ref().is_none_or(|ids| ids.contains(&one.id()));
            let visible = *one.account() == call.caller.account && one.region() == scope.region;
            let tagged = !one.tags().is_empty() && crate::store::has_tags(one.tags(), &tags);
            Ok(named && visible && tagged && is_like(one.tags(), &params.tag_filter.0))
        };
        let found = tx.resources(kind, &scope, &paging.page, &mut matches)?;
        let kind = params.resource_type.as_str();
        let rows = found.entries.iter().flat_map(|one| rows(&**one, kind)).collect();
        Ok(reply(rows, &paging.next_token(found.next)))
    }
}

fn reply(rows: Vec<TagOfResource>, next_token: &str) -> Reply {
    Reply {
        next_token: next_token.to_owned(),
        tag_resources: TagResourceList { tag_resource: rows },
    }
}

fn rows(one: &dyn DynEntity, kind: &'static str) -> Vec<TagOfResource> {
    let row = |tag: &Tag| TagOfResource {
        resource_id: one.id().to_owned(),
        resource_type: kind,
        tag_key: tag.key.clone(),
        tag_value: tag.value.clone(),
    };
    one.tags().iter().map(row).collect()
}

/// The exact tags to look for, if the request is one that can be answered.
fn check(params: &Params) -> Result<Vec<(String, Option<String>)>, &'static ErrorCode> {
    let (tags, filters) = (&params.tag.0, &params.tag_filter.0);
    if tags.is_empty() && filters.is_empty() && params.resource_id.0.is_empty() {
        return Err(&TAGS_AND_IDS_EMPTY);
    }
    if !tags.is_empty() && !filters.is_empty() {
        return Err(&TAGS_AND_FILTERS);
    }
    if params.resource_id.0.len() > ON_A_PAGE as usize {
        return Err(&RESOURCE_IDS_EXCEEDED);
    }
    if tags.len() > domain::limits::TAGS_PER_RESOURCE {
        return Err(&TAGS_EXCEEDED);
    }
    if filters.len() > FILTERS || filters.iter().any(|filter| filter.tag_key.is_none()) {
        return Err(&TAG_FILTER_MALFORMED);
    }
    if filters.iter().any(|filter| filter.tag_values.0.len() > FILTERS) {
        return Err(&TAG_VALUES_EXCEEDED);
    }
    let pair = |tag: &WantedTag| {
        let key = tag.key.as_ref().ok_or(&TAG_MISMATCH)?;
        Ok((key.0.clone(), tag.value.as_ref().map(|value| value.0.clone())))
    };
    tags.iter().map(pair).collect()
}

fn is_like(tags: &[Tag], filters: &[LikeTag]) -> bool {
    filters.iter().all(|filter| {
        tags.iter().any(|tag| {
            let key = filter.tag_key.as_ref().is_none_or(|part| tag.key.contains(&part.0));
            let values = &filter.tag_values.0;
            key && (values.is_empty() || values.iter().any(|part| tag.value.contains(&part.0)))
        })
    })
}
