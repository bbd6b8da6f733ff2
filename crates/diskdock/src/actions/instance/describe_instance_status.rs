//! `DescribeInstanceStatus`: list instances with nothing but their status.

use crate::actions::paging::Paging;
use crate::actions::prelude::*;

/// Lists instances with their status.
pub(crate) struct DescribeInstanceStatus;

params!(
    /// Parameters of DescribeInstanceStatus.
    pub(crate) struct Params {
        /// The region whose instances are listed.
        region_id: RegionId,
        /// Only instances in this zone.
        zone_id: Option<ZoneId>,
        /// Only these instances, up to 100.
        #[malformed = INSTANCE_IDS_MALFORMED]
        instance_id: Each<InstanceId>,
        /// A cluster of the old days.
        cluster_id: Ignored<Option<Text<0, 64>>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 50>>,
    }
);

reply!(
    /// Reply of DescribeInstanceStatus.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many instances match.
        total_count: u64,
        /// The instances.
        instance_statuses: InstanceStatuses,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct InstanceStatuses {
        /// One instance each.
        instance_status: Vec<StatusItem>,
    }
);

reply!(
    /// An instance and its status.
    pub(crate) struct StatusItem {
        /// The instance.
        instance_id: String,
        /// Its status.
        status: &'static str,
    }
);

impl Query for DescribeInstanceStatus {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceStatus";
    const SUMMARY: &'static str = "Lists instances with their status, newest first.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &ZONE_NOT_FOUND, &TOO_MANY_INSTANCE_IDS];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let mut filter = InstanceFilter::all(call.caller.account.clone(), region);
        if let Some(ZoneId(zone)) = params.zone_id.clone() {
            call.environment.inventory.zone(&zone).ok_or(&ZONE_NOT_FOUND)?;
            filter.also.push(Box::new(move |instance| instance.zone == zone));
        }
        if params.instance_id.0.len() > domain::limits::IDS_PER_LIST {
            return Err((&TOO_MANY_INSTANCE_IDS).into());
        }
        if !params.instance_id.0.is_empty() {
            filter.ids = Some(params.instance_id.0.clone());
        }
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.instances(&filter, &paging.page)?;
        let item = |instance: Instance| StatusItem {
            instance_id: instance.id.to_string(),
            status: instance.status.as_str(),
        };
        let instance_status = found.entries.into_iter().map(item).collect();
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            instance_statuses: InstanceStatuses { instance_status },
        })
    }
}
