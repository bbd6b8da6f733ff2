//! The product EBS: clusters of block storage that belong to one account alone.

use super::paging::{self, Paging};
use super::prelude::*;
use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, Entry, ErrorDialect, PlainTagFilter, Product};

/// Elastic Block Storage.
pub(super) static EBS: Product = Product {
    code: "Ebs",
    version: "2021-07-30",
    ram_code: "ebs",
    host_prefix: "ebs",
    is_regional: true,
    groups: &[&GROUP],
    // Public SDKs list the names.
    known_actions: "\
CreateDedicatedBlockStorageCluster
DescribeDedicatedBlockStorageClusterDisks
DescribeDedicatedBlockStorageClusters
ModifyDedicatedBlockStorageClusterAttribute
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v3",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Block storage clusters",
    resources: &[],
    actions: &[Entry::Query(&DescribeDedicatedBlockStorageClusters)],
};

/// Lists the clusters of the account: there are none.
pub(crate) struct DescribeDedicatedBlockStorageClusters;

params!(
    /// Parameters of DescribeDedicatedBlockStorageClusters.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only clusters in this zone.
        azone_id: Option<ZoneId>,
        /// Only clusters for this disk category.
        category: Option<ClusterCategory>,
        /// Only these clusters.
        dedicated_block_storage_cluster_id: Each<Text<1, 64>>,
        /// Only clusters in one of these statuses.
        status: Each<ClusterStatus>,
        /// Only clusters of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only clusters with all these tags.
        tag: Groups<PlainTagFilter>,
        /// Where the page begins; given by the page before.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page.
        max_results: Option<Clamped<1, 500>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Has no use in a query.
        client_token: Ignored<Option<ClientToken>>,
    }
);

choice!(
    /// Disk categories of clusters.
    pub(crate) enum ClusterCategory {
        CloudEssd = "cloud_essd",
    }
);

choice!(
    /// Statuses of a cluster.
    pub(crate) enum ClusterStatus {
        Preparing = "Preparing",
        Running = "Running",
        Expired = "Expired",
        Offline = "Offline",
    }
);

reply!(
    /// Reply of DescribeDedicatedBlockStorageClusters.
    pub(crate) struct Reply {
        /// The clusters.
        dedicated_block_storage_clusters: Vec<ClusterItem>,
        /// Where the next page begins; there is none.
        next_token: String,
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many clusters match: none.
        total_count: u32,
    }
);

reply!(
    /// A cluster.
    pub(crate) struct ClusterItem {
        /// The account.
        ali_uid: String,
        /// Its disk category.
        category: String,
        /// When it was created.
        create_time: String,
        /// Its sizes.
        dedicated_block_storage_cluster_capacity: ClusterCapacity,
        /// Its id.
        dedicated_block_storage_cluster_id: String,
        /// Its name.
        dedicated_block_storage_cluster_name: String,
        /// Free text.
        description: String,
        /// Whether more can be promised than there is.
        enable_thin_provision: bool,
        /// When it ends.
        expired_time: String,
        /// Its level.
        performance_level: String,
        /// The region.
        region_id: String,
        /// The resource group.
        resource_group_id: String,
        /// How much more can be promised than there is.
        size_over_sold_ratio: f64,
        /// Its status.
        status: String,
        /// Its domain.
        storage_domain: String,
        /// Disk categories that it takes.
        supported_category: String,
        /// Its tags.
        tags: Vec<ClusterTag>,
        /// Its kind.
        #[wire = "Type"]
        kind: String,
        /// The zone.
        zone_id: String,
    }
);

reply!(
    /// The sizes of a cluster in GiB.
    pub(crate) struct ClusterCapacity {
        /// Left.
        available_capacity: i64,
        /// Left on devices.
        available_device_capacity: i64,
        /// Left as space.
        available_space_capacity: f64,
        /// Left of the cluster.
        cluster_available_capacity: i64,
        /// Delivered to the cluster.
        cluster_delivery_capacity: i64,
        /// Delivered.
        delivery_capacity: i64,
        /// All.
        total_capacity: i64,
        /// All on devices.
        total_device_capacity: i64,
        /// All as space.
        total_space_capacity: i64,
        /// Used.
        used_capacity: i64,
        /// Used on devices.
        used_device_capacity: i64,
        /// Used as space.
        used_space_capacity: f64,
    }
);

reply!(
    /// A tag of a cluster.
    pub(crate) struct ClusterTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl Query for DescribeDedicatedBlockStorageClusters {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeDedicatedBlockStorageClusters";
    const SUMMARY: &'static str =
        "Lists the block storage clusters of the account, which is always none.";
    const DETAILS: &'static str = "No account has a cluster of its own here.";
    const ABOUT: About = About::Other("dedicatedblockstoragecluster/*");
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &ZONE_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        if let Some(zone) = &params.azone_id {
            region.zones.iter().find(|known| known.id == zone.0).ok_or(&ZONE_NOT_FOUND)?;
        }
        paging::plain_tags(&params.tag.0)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        Ok(Reply {
            dedicated_block_storage_clusters: Vec::new(),
            next_token: String::new(),
            page_number: paging.number,
            page_size: paging.size,
            total_count: 0,
        })
    }
}
