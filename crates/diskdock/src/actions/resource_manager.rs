//! The product Resource Manager: the resource groups of an account.

use super::derived;
use super::paging::Paging;
use super::prelude::*;
use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};
use crate::catalog::times::with_seconds;
use crate::catalog::{ActionGroup, Entry, ErrorDialect, Product};

/// Resource Manager.
pub(super) static RESOURCE_MANAGER: Product = Product {
    code: "ResourceManager",
    version: "2020-03-31",
    ram_code: "resourcemanager",
    host_prefix: "resourcemanager",
    is_regional: false,
    groups: &[&GROUP],
    // Public SDKs list the names.
    known_actions: "\
CreateResourceGroup
DeleteResourceGroup
GetResourceGroup
ListResourceGroups
ListResources
MoveResources
UpdateResourceGroup
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v3",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Resource groups",
    resources: &[],
    actions: &[Entry::Query(&ListResourceGroups)],
};

/// Lists the resource groups of the account.
pub(crate) struct ListResourceGroups;

params!(
    /// Parameters of ListResourceGroups.
    pub(crate) struct Params {
        /// Only groups whose name contains this.
        name: Option<Text<1, 50>>,
        /// Only groups whose name for people contains this.
        display_name: Option<Text<1, 50>>,
        /// Only this group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only these groups; with them, ResourceGroupId does not count.
        resource_group_ids: Each<Text<1, 64>>,
        /// Only groups in this status. All are `OK` here.
        status: Option<GroupStatus>,
        /// Only groups with all these tags. None has any here.
        tag: Groups<GroupTag>,
        /// Whether to show tags.
        include_tags: Ignored<Option<bool>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

params!(
    /// A tag to look for.
    pub(crate) struct GroupTag {
        /// The key.
        key: Option<Text<1, 128>>,
        /// The value; any value if left out.
        value: Option<Text<0, 128>>,
    }
);

choice!(
    /// Statuses of a resource group.
    pub(crate) enum GroupStatus {
        Creating = "Creating",
        Ok = "OK",
        PendingDelete = "PendingDelete",
    }
);

reply!(
    /// Reply of ListResourceGroups.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many groups match.
        total_count: usize,
        /// The groups.
        resource_groups: ResourceGroups,
    }
);

reply!(
    /// The groups of a page.
    pub(crate) struct ResourceGroups {
        /// The entries.
        resource_group: Vec<ResourceGroupItem>,
    }
);

reply!(
    /// A resource group.
    pub(crate) struct ResourceGroupItem {
        /// Its id.
        id: String,
        /// The account.
        account_id: String,
        /// Its name.
        name: &'static str,
        /// Its name for people.
        display_name: &'static str,
        /// `OK`.
        status: &'static str,
        /// When it was created: long ago.
        create_date: String,
        /// Its tags.
        tags: GroupTags,
    }
);

reply!(
    /// Tags of a group. There are none here.
    pub(crate) struct GroupTags {
        /// One for each key.
        tag: Vec<GroupTagItem>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct GroupTagItem {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for ListResourceGroups {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "ListResourceGroups";
    const SUMMARY: &'static str = "Lists the resource groups of the account.";
    const DETAILS: &'static str = "\
Every account has the group `default`. Groups are not kept here: a resource can be in any other group \
that JoinResourceGroup names, which is not listed.";
    const ABOUT: About = About::Other("resourcegroup/*");
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let groups: Vec<_> =
            Some(default_group(call)).into_iter().filter(|group| matches(params, group)).collect();
        let paging = Paging::numbered(params.page_number, params.page_size);
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: groups.len(),
            resource_groups: ResourceGroups { resource_group: paging.cut(&groups).to_vec() },
        })
    }
}

fn default_group(call: &Call<'_>) -> ResourceGroupItem {
    let account = call.caller.account.as_str();
    ResourceGroupItem {
        id: derived::id("rg-", "acfm", &[account]),
        account_id: account.to_owned(),
        name: "default",
        display_name: "default resource group",
        status: "OK",
        create_date: with_seconds(Moment(0)),
        tags: GroupTags { tag: Vec::new() },
    }
}

fn matches(params: &Params, group: &ResourceGroupItem) -> bool {
    let has = |wanted: &Option<Text<1, 50>>, text: &str| {
        wanted.as_ref().is_none_or(|wanted| text.contains(&wanted.0))
    };
    let ids = &params.resource_group_ids.0;
    let is_named = match &params.resource_group_id {
        _ if !ids.is_empty() => ids.iter().any(|id| id.0 == group.id),
        Some(id) => id.0 == group.id,
        None => true,
    };
    let is_in_status = params.status.is_none_or(|status| status == GroupStatus::Ok);
    has(&params.name, group.name)
        && has(&params.display_name, group.display_name)
        && is_named
        && is_in_status
        && params.tag.0.is_empty()
}
