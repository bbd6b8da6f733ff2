//! `DescribeInstanceMaintenanceAttributes`: what becomes of instances when their host is repaired.

use super::lookup::all_there;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;

/// Lists instances with the settings for maintenance.
pub(crate) struct DescribeInstanceMaintenanceAttributes;

params!(
    /// Parameters of DescribeInstanceMaintenanceAttributes.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// Only these instances, up to 100.
        instance_id: Each<InstanceId>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

reply!(
    /// Reply of DescribeInstanceMaintenanceAttributes.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many instances match.
        total_count: u64,
        /// The instances.
        maintenance_attributes: MaintenanceAttributes,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct MaintenanceAttributes {
        /// One instance each.
        maintenance_attribute: Vec<MaintenanceAttribute>,
    }
);

reply!(
    /// An instance and its settings. They are the defaults for all.
    pub(crate) struct MaintenanceAttribute {
        /// The instance.
        instance_id: String,
        /// The action on the instance.
        action_on_maintenance: ActionOnMaintenance,
        /// When its host may be repaired.
        maintenance_windows: MaintenanceWindows,
        /// Whether an event tells of it beforehand.
        notify_on_maintenance: bool,
    }
);

reply!(
    /// The action on an instance.
    pub(crate) struct ActionOnMaintenance {
        /// The value.
        value: &'static str,
        /// The value unless it is changed.
        default_value: &'static str,
        /// The values that can be set.
        supported_values: SupportedValues,
    }
);

reply!(
    /// The values that can be set.
    pub(crate) struct SupportedValues {
        /// The entries.
        supported_value: Vec<&'static str>,
    }
);

reply!(
    /// When a host may be repaired. There are no windows here.
    pub(crate) struct MaintenanceWindows {
        /// The entries.
        maintenance_window: Vec<MaintenanceWindow>,
    }
);

reply!(
    /// A time of day.
    pub(crate) struct MaintenanceWindow {
        /// Its beginning, in UTC.
        start_time: String,
        /// Its end, in UTC.
        end_time: String,
    }
);

impl Query for DescribeInstanceMaintenanceAttributes {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceMaintenanceAttributes";
    const SUMMARY: &'static str = "Lists instances with their settings for maintenance.";
    const SDK: &'static [SdkParam] = &[SdkParam::long("PageNumber"), SdkParam::long("PageSize")];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &INSTANCE_ID_LIMIT, &INSTANCE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        if params.instance_id.0.len() > domain::limits::IDS_PER_LIST {
            return Err((&INSTANCE_ID_LIMIT).into());
        }
        let mut filter = InstanceFilter::all(call.caller.account.clone(), region);
        if !params.instance_id.0.is_empty() {
            let ids = &params.instance_id.0;
            filter.ids = Some(all_there(tx, call, region, ids, &INSTANCE_NOT_FOUND)?);
        }
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.instances(&filter, &paging.page)?;
        let item = |instance: &Instance| MaintenanceAttribute::of(instance);
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            maintenance_attributes: MaintenanceAttributes {
                maintenance_attribute: found.entries.iter().map(item).collect(),
            },
        })
    }
}

impl MaintenanceAttribute {
    fn of(instance: &Instance) -> MaintenanceAttribute {
        MaintenanceAttribute {
            instance_id: instance.id.to_string(),
            action_on_maintenance: ActionOnMaintenance {
                value: "AutoRecover",
                default_value: "AutoRecover",
                supported_values: SupportedValues {
                    supported_value: vec!["Stop", "AutoRecover", "AutoRedeploy"],
                },
            },
            maintenance_windows: MaintenanceWindows { maintenance_window: Vec::new() },
            notify_on_maintenance: false,
        }
    }
}
