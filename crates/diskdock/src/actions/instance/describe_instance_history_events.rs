//! `DescribeInstanceHistoryEvents`: what the vendor did to instances, which is nothing here.

use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::{PlainTagFilter, TimeSpan};

/// Lists system events of instances: there are none.
pub(crate) struct DescribeInstanceHistoryEvents;

params!(
    /// Parameters of DescribeInstanceHistoryEvents.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// Only events of this instance.
        instance_id: Option<InstanceId>,
        /// Only these events, up to 100.
        event_id: Each<Text<1, 64>>,
        /// Only events in this status.
        event_cycle_status: Option<EventCycle>,
        /// Only events in one of these statuses.
        instance_event_cycle_status: Each<EventCycle>,
        /// Only events of this type.
        event_type: Option<Text<1, 128>>,
        /// Only events of one of these types.
        instance_event_type: Each<Text<1, 128>>,
        /// Only events that harm this much.
        impact_level: Option<Text<1, 64>>,
        /// Only events that were made known in this span.
        event_publish_time: Group<TimeSpan>,
        /// Only events that are planned for this span.
        not_before: Group<TimeSpan>,
        /// The kind of resource that events are about.
        resource_type: Option<EventResource>,
        /// Only events of these resources.
        resource_id: Each<Text<1, 128>>,
        /// Only events of instances in this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only events of instances with all these tags.
        tag: Groups<PlainTagFilter>,
        /// Where the page begins; given by the page before.
        next_token: Option<Text<1, 128>>,
        /// Entries on a page.
        max_results: Option<Clamped<10, 100>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

choice!(
    /// Statuses of an event.
    pub(crate) enum EventCycle {
        Scheduled = "Scheduled",
        Avoided = "Avoided",
        Executing = "Executing",
        Executed = "Executed",
        Canceled = "Canceled",
        Failed = "Failed",
        Inquiring = "Inquiring",
    }
);

choice!(
    /// Kinds of resource that have events.
    pub(crate) enum EventResource {
        Instance = "instance",
        DedicatedHost = "ddh",
        ManagedHost = "managedhost",
    }
);

reply!(
    /// Reply of DescribeInstanceHistoryEvents.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many events match: none.
        total_count: u32,
        /// Where the next page begins; there is none.
        next_token: String,
        /// The events.
        instance_system_event_set: EventPage,
    }
);

reply!(
    /// The events of a page.
    pub(crate) struct EventPage {
        /// The entries.
        instance_system_event_type: Vec<InstanceEvent>,
    }
);

reply!(
    /// An event of an instance.
    pub(crate) struct InstanceEvent {
        /// Its id.
        event_id: String,
        /// The instance.
        instance_id: String,
        /// The kind of resource.
        resource_type: String,
        /// Its type.
        event_type: EventWord,
        /// Its status.
        event_cycle_status: EventWord,
        /// How much it harms.
        impact_level: String,
        /// When it was made known.
        event_publish_time: String,
        /// When it ended.
        event_finish_time: String,
        /// When it is planned.
        not_before: String,
        /// Its reason.
        reason: String,
        /// The code of the reason.
        reason_code: String,
        /// More about it.
        extended_attribute: EventDetails,
    }
);

reply!(
    /// A name with its code.
    pub(crate) struct EventWord {
        /// The code.
        code: u32,
        /// The name.
        name: String,
    }
);

reply!(
    /// More about an event.
    pub(crate) struct EventDetails {
        /// Whether it can be accepted.
        can_accept: String,
        /// The code of what happened.
        code: String,
        /// The device of a disk.
        device: String,
        /// The disk.
        disk_id: String,
        /// The host.
        host_id: String,
        /// The kind of host.
        host_type: String,
        /// Local disks that are lost.
        inactive_disks: InactiveDisks,
        /// When it was planned at first.
        initial_not_before: String,
        /// The name of a measurement.
        metric_name: String,
        /// Its value.
        metric_value: String,
        /// Ways to move the instance.
        migration_options: MigrationOptions,
        /// How a disk is repaired.
        online_repair_policy: String,
        /// The domain that is punished.
        punish_domain: String,
        /// How.
        punish_type: String,
        /// The address that is punished.
        punish_url: String,
        /// The rack of the host.
        rack: String,
        /// The result of what was done.
        response_result: String,
    }
);

reply!(
    /// Local disks that are lost.
    pub(crate) struct InactiveDisks {
        /// The entries.
        inactive_disk: Vec<InactiveDisk>,
    }
);

reply!(
    /// A local disk that is lost.
    pub(crate) struct InactiveDisk {
        /// When it was created.
        creation_time: String,
        /// Its category.
        device_category: String,
        /// GiB.
        device_size: String,
        /// Its kind.
        device_type: String,
        /// When it was released.
        release_time: String,
    }
);

reply!(
    /// Ways to move an instance.
    pub(crate) struct MigrationOptions {
        /// The entries.
        migration_option: Vec<String>,
    }
);

impl Query for DescribeInstanceHistoryEvents {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceHistoryEvents";
    const SUMMARY: &'static str = "Lists system events of instances, which is always none.";
    const DETAILS: &'static str = "\
No vendor maintains these instances, so nothing has ever happened to one. The Kubernetes CSI driver asks \
after every detach.";
    const SDK: &'static [SdkParam] = &[
        SdkParam::long("MaxResults"),
        SdkParam::lacking("MaxResults", TypedSdk::OLDER),
        SdkParam::lacking("NextToken", TypedSdk::OLDER),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &EVENT_ID_LIMIT, &TIME_END_BEFORE_START, &TAG_COUNT, &TAG_MISMATCH];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        if params.event_id.0.len() > domain::limits::IDS_PER_LIST {
            return Err((&EVENT_ID_LIMIT).into());
        }
        params.event_publish_time.0.check()?;
        params.not_before.0.check()?;
        paging::plain_tags(&params.tag.0)?;
        let paging = Paging::of(
            &params.next_token,
            params.max_results,
            params.page_number,
            params.page_size,
        )?;
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: 0,
            next_token: String::new(),
            instance_system_event_set: EventPage { instance_system_event_type: Vec::new() },
        })
    }
}
