//! `DescribeInstanceAttachmentAttributes`: which private pool instances take their capacity from.

use super::lookup::all_there;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;

/// Lists instances with the private pool that they use.
pub(crate) struct DescribeInstanceAttachmentAttributes;

params!(
    /// Parameters of DescribeInstanceAttachmentAttributes.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 100.
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_ids: JsonList<InstanceId, 100>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeInstanceAttachmentAttributes.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many instances match.
        total_count: u64,
        /// The instances.
        instances: Instances,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct Instances {
        /// One instance each.
        instance: Vec<PoolOfInstance>,
    }
);

reply!(
    /// An instance and its private pool. There are no pools here.
    pub(crate) struct PoolOfInstance {
        /// The instance.
        instance_id: String,
        /// The pool.
        private_pool_options_id: &'static str,
        /// `Open`, `Target` or `None`.
        private_pool_options_match_criteria: &'static str,
    }
);

impl Query for DescribeInstanceAttachmentAttributes {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceAttachmentAttributes";
    const SUMMARY: &'static str = "Lists instances with the private pool that they use.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &INSTANCE_IDS_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let mut filter = InstanceFilter::all(call.caller.account.clone(), region);
        let ids = &params.instance_ids.0;
        filter.ids = Some(all_there(tx, call, region, ids, &INSTANCE_IDS_NOT_FOUND)?);
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.instances(&filter, &paging.page)?;
        let item = |instance: Instance| PoolOfInstance {
            instance_id: instance.id.to_string(),
            private_pool_options_id: "",
            private_pool_options_match_criteria: "None",
        };
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            instances: Instances { instance: found.entries.into_iter().map(item).collect() },
        })
    }
}
