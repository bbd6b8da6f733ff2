//! Hosts in the store: their records and heartbeats, the instances that are placed on them, and
//! the operations that wait for them.

use domain::host::FenceRecord;
use domain::{Host, InstanceId, OperationId, Uptime};

use super::{OperationRow, StoreError};

/// The beginning of the name under which a host has its operations. No server's name has a slash.
const OWNER: &str = "host/";

/// The name under which a host has its lease and its operations.
pub fn owner_of_host(host: &str) -> String {
    format!("{OWNER}{host}")
}

/// The host whose operations have this owner; none if that is a server.
pub fn host_of_owner(owner: &str) -> Option<&str> {
    owner.strip_prefix(OWNER)
}

/// A host as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRecord {
    /// The host.
    pub host: Host,
    /// How many milliseconds ago it was heard of, by the time of the database; none if it never
    /// was.
    pub heard_ms_ago: Option<i64>,
    /// How many instances of each type are placed on it, by type. None is 0.
    pub placed: Vec<(String, u64)>,
}

/// The time in which a process works for a host. Every write of it carries this, and is refused
/// once the host has registered again or was fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTerm {
    /// The host.
    pub host: String,
    /// Its epoch.
    pub epoch: i64,
}

/// Questions that wait for one host at most: who asks more is told that it is busy.
pub(super) const MOST_QUESTIONS: usize = 32;
/// How long a question and its answer are kept, if nobody takes them back.
pub(super) const QUESTION_LASTS_MS: i64 = 60_000;

/// A question of a server that waits for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingQuestion {
    /// Its number.
    pub number: i64,
    /// The question.
    pub question: String,
}

/// Reads of hosts.
pub trait HostReads {
    /// All hosts, by name. In a write too, they may have changed by its commit.
    fn hosts(&self) -> Result<Vec<HostRecord>, StoreError>;
    /// The host of this name. In a write it, and what is placed on it, stays as it is until the
    /// commit.
    fn host(&self, name: &str) -> Result<Option<HostRecord>, StoreError>;
    /// Up to `most` instances of a host that come after this one in the order of ids.
    fn instances_on(
        &self,
        host: &str,
        after: Option<&InstanceId>,
        most: u32,
    ) -> Result<Vec<InstanceId>, StoreError>;
    /// Whether operations or questions wait for this host. One look at indexes that begin with the
    /// host.
    fn has_work(&self, host: &str) -> Result<bool, StoreError>;
    /// The questions that wait for this host, oldest first.
    fn questions(&self, host: &str) -> Result<Vec<WaitingQuestion>, StoreError>;
    /// The answer to a question; none as long as there is none.
    fn answer(&self, number: i64) -> Result<Option<String>, StoreError>;
    /// The hosts that have bytes of removed disks or snapshots to discard, also those that are
    /// gone; not the empty name of none.
    fn discarding_hosts(&self) -> Result<Vec<String>, StoreError>;
    /// All fences, also of hosts that are gone, by host and boot.
    fn fences(&self) -> Result<Vec<FenceRecord>, StoreError>;
}

/// Writes of hosts.
pub trait HostWrites {
    /// Saves a host: a new one, or one that this transaction has read.
    fn save_host(&mut self, host: &Host) -> Result<(), StoreError>;
    /// Removes a host; removing what is not there is no error.
    fn remove_host(&mut self, name: &str) -> Result<(), StoreError>;
    /// Remembers a fence for good. A later one of the same host and boot takes its place.
    fn save_fence(&mut self, fence: &FenceRecord) -> Result<(), StoreError>;
    /// A host is heard of, now.
    fn heard_of_host(&mut self, name: &str) -> Result<(), StoreError>;
    /// A host is heard of, and its lease on its operations is renewed.
    fn renew_host(&mut self, name: &str, uptime: Uptime) -> Result<(), StoreError>;
    /// Fails with [`StoreError::LeaseLost`] unless the host is in this epoch, in which it then
    /// stays until the commit.
    fn hold_term(&mut self, term: &HostTerm) -> Result<(), StoreError>;
    /// Asks a host. Gives the number of the question; none if 32 wait for it already. Those
    /// that were asked long ago are forgotten.
    fn ask_host(&mut self, host: &str, question: &str) -> Result<Option<i64>, StoreError>;
    /// Answers a question, if it is still there: a number can come again once it was
    /// withdrawn.
    fn answer_question(&mut self, asked: &WaitingQuestion, answer: &str) -> Result<(), StoreError>;
    /// Withdraws a question, with its answer.
    fn forget_question(&mut self, number: i64) -> Result<(), StoreError>;
    /// An operation, which is begun under the name of this host, waits to be taken by it.
    fn queue_work(&mut self, host: &str, operation: OperationId) -> Result<(), StoreError>;
    /// Takes up to `most` operations that wait for this host, oldest first.
    fn take_work(&mut self, host: &str, most: u32) -> Result<Vec<OperationRow>, StoreError>;
}
