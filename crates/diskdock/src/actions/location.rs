//! The product Location: which host serves a product in a region.

use super::PRODUCTS;
use super::prelude::*;
use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, Entry, ErrorDialect, Product, product};

/// The location service.
pub(super) static LOCATION: Product = Product {
    code: "Location",
    version: "2015-06-12",
    ram_code: "location",
    host_prefix: "location",
    is_regional: false,
    groups: &[&GROUP],
    // Public SDKs list the names.
    known_actions: "\
DescribeEndpoint
DescribeEndpoints
DescribeRegions
DescribeServices
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v2",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Endpoints",
    resources: &[],
    actions: &[Entry::Query(&DescribeEndpoints)],
};

/// Tells which host serves a product in a region.
pub(crate) struct DescribeEndpoints;

params!(
    /// Parameters of DescribeEndpoints.
    pub(crate) struct Params {
        /// The region. There are endpoints in those that this server offers.
        #[example = "cn-hangzhou"]
        id: Text<1, 64>,
        /// The product in lower case, such as `ecs`.
        #[example = "ecs"]
        service_code: Text<1, 64>,
        /// The kind of endpoint; `openAPI` if left out.
        #[wire = "Type"]
        kind: Option<Text<0, 64>>,
        /// A name of the old SDKs for the product.
        namespace: Ignored<Option<Text<0, 64>>>,
    }
);

reply!(
    /// Reply of DescribeEndpoints.
    pub(crate) struct Reply {
        /// The endpoints.
        endpoints: Endpoints,
        /// Always true.
        success: bool,
    }
);

reply!(
    /// Endpoints.
    pub(crate) struct Endpoints {
        /// One, or none of a product that is not here.
        endpoint: Vec<EndpointItem>,
    }
);

reply!(
    /// One endpoint.
    pub(crate) struct EndpointItem {
        /// The host, with the port: this server as the caller named it. At a host of the vendor,
        /// which a caller reaches through a proxy, that of the product.
        endpoint: String,
        /// The region.
        id: String,
        /// The name of the old SDKs.
        namespace: &'static str,
        /// How it can be called.
        protocols: Protocols,
        /// The product. The vendor spells the name so.
        #[wire = "SerivceCode"]
        service_code: String,
        /// `openAPI`.
        #[wire = "Type"]
        kind: &'static str,
    }
);

reply!(
    /// Protocols.
    pub(crate) struct Protocols {
        /// The entries.
        protocols: Vec<&'static str>,
    }
);

impl Query for DescribeEndpoints {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeEndpoints";
    const SUMMARY: &'static str = "Tells which host serves a product in a region.";
    const DETAILS: &'static str = "\
Of every product that is here the host is this server, so that a client that looks endpoints up stays \
here. Of any other product there is no endpoint.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = call.environment.inventory.region(&params.id.0);
        let wanted = &params.service_code.0;
        let is_wanted = |one: &&Product| one.code.eq_ignore_ascii_case(wanted);
        let is_open = params.kind.as_ref().is_none_or(|kind| ["", "openAPI"].contains(&&*kind.0));
        let found = PRODUCTS.iter().copied().find(|one| is_wanted(one) && is_open);
        let item = |(product, region): (&Product, &domain::inventory::Region)| EndpointItem {
            endpoint: host(product, &region.id, &call.caller.host),
            id: region.id.clone(),
            namespace: "",
            protocols: Protocols { protocols: vec!["HTTP", "HTTPS"] },
            service_code: wanted.clone(),
            kind: "openAPI",
        };
        let endpoint = found.zip(region).map(item).into_iter().collect();
        Ok(Reply { endpoints: Endpoints { endpoint }, success: true })
    }
}

/// The host of a product for a caller that named this one.
fn host(product: &Product, region: &str, named: &str) -> String {
    if product::is_of_vendor(named) { product.host(region) } else { named.to_owned() }
}
