//! `DescribeDisksFullStatus`: list disks with their status, their health and events.

use domain::{Damage, DiskHealth};

use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;
use crate::catalog::{PlainTagFilter, TimeSpan};
use crate::store::{EntityReads, Filter};

/// The code of Available; those of other statuses are not known.
const AVAILABLE: u32 = 129;
/// How much the event of a damaged disk harms, in percent.
const DAMAGED_IMPACT: &str = "100";

/// Lists disks with their status, their health and events.
pub(crate) struct DescribeDisksFullStatus;

params!(
    /// Parameters of DescribeDisksFullStatus.
    pub(crate) struct Params {
        /// The region of the disks.
        region_id: RegionId,
        /// Only these disks, up to 100.
        disk_id: Each<DiskId>,
        /// Only disks in this status.
        status: Option<StatusOfDisk>,
        /// Only disks of this health. Here a disk is `Impaired` if acknowledged writes to it may be
        /// lost, or well.
        health_status: Option<HealthFilter>,
        /// Only disks with one of these events, up to 100.
        event_id: Each<Text<1, 64>>,
        /// Only disks with an event of this type. `ErrorDetected` is that of an impaired disk;
        /// there are no others here.
        event_type: Option<EventType>,
        /// Only disks with an event in this span, both ends included.
        event_time: Group<TimeSpan>,
        /// Only disks of this resource group.
        resource_group_id: Option<Text<1, 64>>,
        /// Only disks with all these tags.
        tag: Groups<PlainTagFilter>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
    }
);

choice!(
    /// Health of disks that are not well.
    pub(crate) enum HealthFilter {
        Impaired = "Impaired",
        Warning = "Warning",
        Initializing = "Initializing",
        InsufficientData = "InsufficientData",
        NotApplicable = "NotApplicable",
    }
);

choice!(
    /// Types of event.
    pub(crate) enum EventType {
        Degraded = "Degraded",
        SeverelyDegraded = "SeverelyDegraded",
        Stalled = "Stalled",
        ErrorDetected = "ErrorDetected",
    }
);

choice!(
    /// Statuses of a disk.
    pub(crate) enum StatusOfDisk {
        InUse = "In_use",
        Available = "Available",
        Attaching = "Attaching",
        Detaching = "Detaching",
        Creating = "Creating",
        ReIniting = "ReIniting",
    }
);

reply!(
    /// Reply of DescribeDisksFullStatus.
    pub(crate) struct Reply {
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many disks match.
        total_count: u64,
        /// The disks.
        disk_full_status_set: FullStatusSet,
    }
);

reply!(
    /// The disks of a page.
    pub(crate) struct FullStatusSet {
        /// The entries.
        disk_full_status_type: Vec<FullStatus>,
    }
);

reply!(
    /// A disk with its status.
    pub(crate) struct FullStatus {
        /// The disk.
        disk_id: String,
        /// The instance; empty if it is on none.
        instance_id: String,
        /// The device name there.
        device: String,
        /// Its status.
        status: NamedCode,
        /// Its health: `Ok` or `Impaired`.
        health_status: NamedCode,
        /// Its events: one, as long as it is impaired.
        disk_event_set: EventSet,
    }
);

reply!(
    /// A name with its code.
    pub(crate) struct NamedCode {
        /// The code; left out where the vendor's is not known.
        code: Option<u32>,
        /// The name.
        name: &'static str,
    }
);

reply!(
    /// Events of a disk.
    pub(crate) struct EventSet {
        /// The entries.
        disk_event_type: Vec<DiskEvent>,
    }
);

reply!(
    /// An event of a disk.
    pub(crate) struct DiskEvent {
        /// Its id.
        event_id: String,
        /// When it began.
        event_time: String,
        /// When it ended: empty, as it goes on.
        event_end_time: String,
        /// Its type.
        event_type: NamedCode,
        /// How much it harms.
        impact_level: String,
    }
);

impl Query for DescribeDisksFullStatus {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeDisksFullStatus";
    const SUMMARY: &'static str = "Lists disks with their status, their health and events.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &DISK_ID_LIMIT,
        &EVENT_ID_LIMIT,
        &TIME_END_BEFORE_START,
        &TAG_COUNT,
        &TAG_MISMATCH,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        check(params)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.disks(&filter(tx, call, params)?, &paging.page)?;
        Ok(Reply {
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.total.unwrap_or(0),
            disk_full_status_set: FullStatusSet {
                disk_full_status_type: found
                    .entries
                    .iter()
                    .map(|disk| FullStatus::of(disk))
                    .collect(),
            },
        })
    }
}

fn check(params: &Params) -> Result<(), &'static ErrorCode> {
    if params.disk_id.0.len() > domain::limits::IDS_PER_LIST {
        return Err(&DISK_ID_LIMIT);
    }
    if params.event_id.0.len() > domain::limits::IDS_PER_LIST {
        return Err(&EVENT_ID_LIMIT);
    }
    params.event_time.0.check()
}

fn filter(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<DiskFilter, ActionError> {
    let mut filter = DiskFilter::all(call.caller.account.clone(), &params.region_id.0);
    let asked = &params.disk_id.0;
    if params.asks_for_impaired() {
        let impaired = impaired(tx, call, params)?.into_iter();
        filter.ids = Some(impaired.filter(|id| asked.is_empty() || asked.contains(id)).collect());
    } else if !asked.is_empty() {
        filter.ids = Some(asked.clone());
    }
    filter.resource_group = params.resource_group_id.as_ref().map(|group| group.0.clone());
    filter.tags = paging::plain_tags(&params.tag.0)?;
    filter.status = params.status.and_then(|status| DiskStatus::from_word(status.as_str()));
    Ok(filter)
}

/// The disks with a damage that the filters of health and events match.
fn impaired(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Vec<DiskId>, StoreError> {
    let (account, region) = (call.caller.account.clone(), &params.region_id.0);
    let impaired = ("health", DiskHealth::Impaired.as_str());
    let filter = Filter::<Disk>::with_term(account, region, impaired);
    let found = tx.all(&filter)?.into_iter();
    Ok(found.filter(|disk| params.match_damage(disk)).map(|disk| disk.id).collect())
}

impl Params {
    fn asks_for_impaired(&self) -> bool {
        let TimeSpan { start, end } = &self.event_time.0;
        self.health_status.is_some()
            || !self.event_id.0.is_empty()
            || self.event_type.is_some()
            || start.is_some()
            || end.is_some()
    }

    /// Whether the filters of health and events match a disk with this damage, if it has one.
    fn match_damage(&self, disk: &Disk) -> bool {
        let Some(damage) = &disk.damage else { return false };
        let TimeSpan { start, end } = &self.event_time.0;
        let id = event_id(disk);
        self.health_status.is_none_or(|wanted| matches!(wanted, HealthFilter::Impaired))
            && self.event_type.is_none_or(|wanted| matches!(wanted, EventType::ErrorDetected))
            && (self.event_id.0.is_empty() || self.event_id.0.iter().any(|one| one.0 == id))
            && start.is_none_or(|start| start.0 <= damage.since)
            && end.is_none_or(|end| damage.since <= end.0)
    }
}

/// The id of the event of a damaged disk.
fn event_id(disk: &Disk) -> String {
    format!("e-{}", disk.id.as_str().trim_start_matches("d-"))
}

impl DiskEvent {
    fn of(disk: &Disk, damage: &Damage) -> DiskEvent {
        DiskEvent {
            event_id: event_id(disk),
            event_time: with_seconds(damage.since),
            event_end_time: String::new(),
            event_type: NamedCode { code: None, name: EventType::ErrorDetected.as_str() },
            impact_level: DAMAGED_IMPACT.to_owned(),
        }
    }
}

impl NamedCode {
    /// The health of a disk, with the vendor's codes.
    fn of_health(health: DiskHealth) -> NamedCode {
        let code = match health {
            DiskHealth::Ok => 0,
            DiskHealth::Impaired => 128,
        };
        NamedCode { code: Some(code), name: health.as_str() }
    }
}

impl FullStatus {
    fn of(disk: &Disk) -> FullStatus {
        let at = disk.sole_attachment().filter(|at| at.phase != Phase::Attaching);
        let status = disk.status();
        let code = (status == DiskStatus::Available).then_some(AVAILABLE);
        FullStatus {
            disk_id: disk.id.to_string(),
            instance_id: at.map(|at| at.instance.to_string()).unwrap_or_default(),
            device: at.map(|at| at.device.clone()).unwrap_or_default(),
            status: NamedCode { code, name: status.as_str() },
            health_status: NamedCode::of_health(disk.health()),
            disk_event_set: EventSet {
                disk_event_type: disk
                    .damage
                    .iter()
                    .map(|damage| DiskEvent::of(disk, damage))
                    .collect(),
            },
        }
    }
}
