//! The product BssOpenApi: what an account has bought.

use super::prelude::*;
use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, CommaList, Entry, ErrorDialect, Product};

/// The billing service.
pub(super) static BSS: Product = Product {
    code: "BssOpenApi",
    version: "2017-12-14",
    ram_code: "bssapi",
    host_prefix: "business",
    is_regional: false,
    groups: &[&GROUP],
    // Public SDKs list the names.
    known_actions: "\
QueryAccountBalance
QueryAvailableInstances
QueryBill
QueryOrders
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v6",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Purchases",
    resources: &[],
    actions: &[Entry::Query(&QueryAvailableInstances)],
};

/// Lists what the account has bought.
pub(crate) struct QueryAvailableInstances;

params!(
    /// Parameters of QueryAvailableInstances.
    pub(crate) struct Params {
        /// The region.
        region: Ignored<Option<Text<0, 64>>>,
        /// The product.
        product_code: Ignored<Option<Text<0, 64>>>,
        /// A kind of the product.
        product_type: Ignored<Option<Text<0, 64>>>,
        /// How it is paid for.
        subscription_type: Ignored<Option<SubscriptionType>>,
        /// Whether it renews itself.
        renew_status: Ignored<Option<RenewStatus>>,
        /// Bought at this time or later.
        create_time_start: Ignored<Option<Text<0, 64>>>,
        /// Bought at this time or earlier.
        create_time_end: Ignored<Option<Text<0, 64>>>,
        /// Ending at this time or later.
        end_time_start: Ignored<Option<Text<0, 64>>>,
        /// Ending at this time or earlier.
        end_time_end: Ignored<Option<Text<0, 64>>>,
        /// Ids, separated by commas.
        #[wire = "InstanceIDs"]
        instance_ids: Ignored<Option<CommaList<Text<0, 128>>>>,
        /// The page, from 1.
        page_num: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page; 20 if left out.
        page_size: Option<Integer<1, 300>>,
    }
);

choice!(
    /// Ways to pay.
    pub(crate) enum SubscriptionType {
        Subscription = "Subscription",
        PayAsYouGo = "PayAsYouGo",
    }
);

choice!(
    /// Ways to renew.
    pub(crate) enum RenewStatus {
        Automatic = "AutoRenewal",
        ByHand = "ManualRenewal",
        Never = "NotRenewal",
    }
);

reply!(
    /// Reply of QueryAvailableInstances.
    pub(crate) struct Reply {
        /// `Success`.
        code: &'static str,
        /// Always empty.
        message: &'static str,
        /// Always true.
        success: bool,
        /// The purchases.
        data: Data,
    }
);

reply!(
    /// The purchases.
    pub(crate) struct Data {
        /// The page.
        page_num: i64,
        /// Entries on a page.
        page_size: i64,
        /// How many match.
        total_count: u32,
        /// The entries.
        instance_list: Vec<BoughtItem>,
    }
);

reply!(
    /// A thing that was bought.
    pub(crate) struct BoughtItem {
        /// Its id.
        #[wire = "InstanceID"]
        instance_id: String,
        /// The account.
        owner_id: u64,
        /// The product.
        product_code: String,
        /// A kind of the product.
        product_type: String,
        /// The region.
        region: String,
        /// How it is paid for.
        subscription_type: String,
        /// Its status.
        status: String,
        /// More about its status.
        sub_status: String,
        /// When it was bought.
        create_time: String,
        /// When it ends.
        end_time: String,
        /// When it stopped.
        stop_time: String,
        /// When it was released.
        release_time: String,
        /// When it will be released.
        expected_release_time: String,
        /// Whether it renews itself.
        renew_status: String,
        /// For how long.
        renewal_duration: u32,
        /// The unit of that.
        renewal_duration_unit: String,
        /// The seller.
        seller: String,
        /// The number of the seller.
        seller_id: u64,
    }
);

impl Query for QueryAvailableInstances {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "QueryAvailableInstances";
    const SUMMARY: &'static str = "Lists what the account has bought, which is always nothing.";
    const DETAILS: &'static str = "\
Nothing costs anything here, so nothing was bought. Terraform asks in order to learn whether the account \
is one of the domestic site: any answer says that it is.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(_: &dyn ReadTx, _: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let data = Data {
            page_num: params.page_num.map_or(1, |number| number.0),
            page_size: params.page_size.map_or(20, |size| size.0),
            total_count: 0,
            instance_list: Vec::new(),
        };
        Ok(Reply { code: "Success", message: "", success: true, data })
    }
}
