//! What is kept besides disks and instances, and how lists are asked for.

use domain::{
    AccountId, Category, ChargeType, Disk, DiskId, DiskKind, DiskStatus, Instance, InstanceId,
    LockReason, Moment, OperationId, Phase, Tag, Uptime,
};
use serde::{Deserialize, Serialize};

/// A disk on an instance, as the list of an instance's disks has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedDisk {
    /// Which disk.
    pub disk: DiskId,
    /// Its device name there.
    pub device: String,
    /// Where the attachment is on its way.
    pub phase: Phase,
    /// Which attachment of the disk it is.
    pub generation: u64,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Page `number` (from 1) of pages of `size`.
    Numbered {
        /// From 1.
        number: u32,
        /// Entries on a page.
        size: u32,
    },
    /// Up to `most` entries that come after the entry `after` in the list.
    After {
        /// Where the page before ended; none for the first page.
        after: Option<i64>,
        /// Entries on a page.
        most: u32,
    },
}

/// A field of a disk that is text.
pub type TextField = fn(&Disk) -> &str;

/// Which disks are wanted. What is `None` does not restrict; all that is given must hold.
#[derive(Clone, Debug)]
pub struct DiskFilter {
    /// Whose.
    pub account: AccountId,
    /// In this region.
    pub region: String,
    /// Only these; an empty list matches nothing.
    pub ids: Option<Vec<DiskId>>,
    /// Attached to this instance.
    pub instance: Option<InstanceId>,
    /// In this zone.
    pub zone: Option<String>,
    /// In this status.
    pub status: Option<DiskStatus>,
    /// Of this kind.
    pub kind: Option<DiskKind>,
    /// Of this category.
    pub category: Option<Category>,
    /// Paid for so.
    pub charge_type: Option<ChargeType>,
    /// Of this name; `*` at either end stands for anything.
    pub name: Option<String>,
    /// With this lock, on the disk or on the instance it is on.
    pub lock: Option<LockReason>,
    /// With all these tags; no value stands for any value.
    pub tags: Vec<(String, Option<String>)>,
    /// All further conditions.
    pub also: Vec<fn(&Disk) -> bool>,
    /// Further conditions on text: (field of the disk, wanted text).
    pub texts: Vec<(TextField, String)>,
    /// Created in this span, inclusive.
    pub created: (Option<Moment>, Option<Moment>),
}

impl DiskFilter {
    /// All disks of an account in a region.
    pub fn all(account: AccountId, region: &str) -> DiskFilter {
        DiskFilter {
            account,
            region: region.to_owned(),
            ids: None,
            instance: None,
            zone: None,
            status: None,
            kind: None,
            category: None,
            charge_type: None,
            name: None,
            lock: None,
            tags: Vec::new(),
            also: Vec::new(),
            texts: Vec::new(),
            created: (None, None),
        }
    }

    /// Whether nothing but account and region restricts.
    pub fn is_plain(&self) -> bool {
        self.ids.is_none()
            && self.instance.is_none()
            && self.zone.is_none()
            && self.status.is_none()
            && self.kind.is_none()
            && self.category.is_none()
            && self.charge_type.is_none()
            && self.name.is_none()
            && self.lock.is_none()
            && self.tags.is_empty()
            && self.also.is_empty()
            && self.texts.is_empty()
            && self.created == (None, None)
    }

    /// Whether this disk is wanted. Locks on instances are looked up by the caller.
    pub fn matches(&self, disk: &Disk) -> bool {
        fn is<T: PartialEq>(wanted: &Option<T>, has: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted == has)
        }
        disk.account == self.account
            && disk.region == self.region
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&disk.id))
            && self.instance.as_ref().is_none_or(|instance| shows_on(disk, instance))
            && is(&self.zone, &disk.zone)
            && is(&self.status, &disk.status())
            && is(&self.kind, &disk.kind)
            && is(&self.category, &disk.category)
            && is(&self.charge_type, &disk.charge_type)
            && self.name.as_ref().is_none_or(|name| like(name, &disk.name))
            && has_tags(&disk.tags, &self.tags)
            && self.also.iter().all(|holds| holds(disk))
            && self.texts.iter().all(|(field, wanted)| field(disk) == wanted)
            && within(disk.created_at, self.created)
    }
}

/// Lists by instance show a disk from In_use through Detaching, not while it is Attaching.
fn shows_on(disk: &Disk, instance: &InstanceId) -> bool {
    disk.on(instance).is_some_and(|at| at.phase != Phase::Attaching)
}

/// Whether `text` is `pattern`, in which `*` at either end stands for anything.
pub fn like(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

/// Whether `tags` has every wanted key, with the wanted value if one is given.
pub fn has_tags(tags: &[Tag], wanted: &[(String, Option<String>)]) -> bool {
    wanted.iter().all(|(key, value)| {
        let fits = |tag: &&Tag| value.as_ref().is_none_or(|value| *value == tag.value);
        tags.iter().filter(|tag| tag.key == *key).any(|tag| fits(&tag))
    })
}

fn within(moment: Moment, span: (Option<Moment>, Option<Moment>)) -> bool {
    span.0.is_none_or(|from| moment >= from) && span.1.is_none_or(|to| moment <= to)
}

/// A page of disks.
#[derive(Clone, Debug, Default)]
pub struct DiskPage {
    /// The disks.
    pub disks: Vec<Disk>,
    /// How many match in all; none where counting them would mean reading them.
    pub total: Option<u64>,
    /// Where the next page begins; none on the last page.
    pub next: Option<i64>,
}

/// A condition on an instance.
pub type InstanceCondition = Box<dyn Fn(&Instance) -> bool + Send + Sync>;

/// Which instances are wanted. What is `None` does not restrict; all that is given must hold.
pub struct InstanceFilter {
    /// Whose.
    pub account: AccountId,
    /// In this region.
    pub region: String,
    /// Only these; an empty list matches nothing.
    pub ids: Option<Vec<InstanceId>>,
    /// All further conditions.
    pub also: Vec<InstanceCondition>,
}

impl InstanceFilter {
    /// All instances of an account in a region.
    pub fn all(account: AccountId, region: &str) -> InstanceFilter {
        InstanceFilter { account, region: region.to_owned(), ids: None, also: Vec::new() }
    }

    /// Whether this instance is wanted. One that is being released is no longer listed once it
    /// is off, and until then only by its owner.
    pub fn matches(&self, instance: &Instance) -> bool {
        instance.account == self.account
            && instance.region == self.region
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&instance.id))
            && self.also.iter().all(|holds| holds(instance))
    }

    /// Whether nothing but account and region restricts.
    pub fn is_plain(&self) -> bool {
        self.ids.is_none() && self.also.is_empty()
    }
}

/// A page of instances.
#[derive(Clone, Debug, Default)]
pub struct InstancePage {
    /// The instances.
    pub instances: Vec<Instance>,
    /// How many match in all; none where counting them would mean reading them.
    pub total: Option<u64>,
    /// Where the next page begins; none on the last page.
    pub next: Option<i64>,
}

/// What a request with a ClientToken answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Whose token.
    pub account: AccountId,
    /// Of which action.
    pub action: String,
    /// The token.
    pub token: String,
    /// A digest of the request's own parameters, in hexadecimal.
    pub parameters: String,
    /// The reply, a JSON object without the RequestId.
    pub reply: String,
    /// When it was first used.
    pub created_at: Moment,
}

/// An operation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRow {
    /// Its number.
    pub id: OperationId,
    /// Which operation: `disk.detach` and the like.
    pub kind: String,
    /// Whose resources it works on.
    pub account: AccountId,
    /// The instance concerned.
    pub instance: Option<InstanceId>,
    /// The disk concerned.
    pub disk: Option<DiskId>,
    /// How far it has come; only the operation itself understands it.
    pub state: String,
    /// The step, in a word.
    pub phase: String,
    /// How often it was advanced.
    pub tries: u32,
    /// What happened last, in words.
    pub last_event: String,
    /// When it began.
    pub created_at: Moment,
    /// How much of its timeout it had used up when it was saved.
    #[serde(default)]
    pub time_used: TimeUsed,
    /// The server that carries it out, as long as its lease is alive.
    pub lease_owner: String,
}

/// How much of its timeout an operation has used up, by the uptime of the server that carries it
/// out. Time in which the server did not run does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeUsed {
    /// Milliseconds that are counted.
    pub counted_ms: i64,
    /// Up to when they are counted.
    pub until: Uptime,
    /// It stands still, because nothing can happen meanwhile.
    pub is_suspended: bool,
}

impl TimeUsed {
    /// None, of an operation that begins.
    pub fn none(now: Uptime) -> TimeUsed {
        TimeUsed { counted_ms: 0, until: now, is_suspended: false }
    }

    /// Counts what has passed, unless it stands still.
    pub fn count(&mut self, now: Uptime) {
        if !self.is_suspended {
            let passed_ms = now.since_ms(self.until).max(0);
            self.counted_ms = self.counted_ms.saturating_add(passed_ms);
        }
        self.until = now;
    }
}

/// The lease of a server on the operations that it carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The name of the server.
    pub server: String,
    /// How often it was renewed.
    pub renewals: i64,
    /// The uptime of the server when it was renewed last.
    pub uptime: Uptime,
}

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It can.
    Active,
    /// It cannot.
    Inactive,
}

/// An access key and whose it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// The public part.
    pub id: String,
    /// The secret part.
    pub secret: String,
    /// The account that it acts for.
    pub account: AccountId,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: Moment,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessKey({}, {}, {:?})", self.id, self.account, self.status)
    }
}

/// An accepted call that changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When it was accepted.
    pub at: Moment,
    /// The RequestId of its answer.
    pub request_id: String,
    /// Who called.
    pub account: AccountId,
    /// With which key.
    pub access_key_id: String,
    /// What was called.
    pub action: String,
    /// The resource it was about, where there is one.
    pub resource: String,
}

/// A request that may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredNonce {
    /// When it was signed, in seconds since 1970.
    pub timestamp_s: i64,
    /// A hash of its access key and its nonce.
    pub hash: u64,
}

/// The requests that are not to be served again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NonceRecords {
    /// Those that are remembered.
    pub nonces: Vec<StoredNonce>,
    /// All that were signed up to this second may have been seen and forgotten.
    pub forgotten_until_s: Option<i64>,
}

/// How many there are of an account, in all regions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Disks.
    pub disks: u64,
    /// Instances.
    pub instances: u64,
}
