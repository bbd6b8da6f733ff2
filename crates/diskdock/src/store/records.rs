//! Records besides resources: tokens, operations, access keys, calls.

use domain::ram::{RamRoleId, RamUserId};
use domain::{AccountId, DiskId, InstanceId, Moment, OperationId, UnknownFields, Uptime};
use serde::{Deserialize, Serialize};

/// The answer to a request with a ClientToken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The owner of the token.
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
    /// The owner of the resources that it works on.
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
    /// The last event, in words.
    pub last_event: String,
    /// When it began.
    pub created_at: Moment,
    /// How much of its timeout it had used up when it was saved.
    #[serde(default)]
    pub time_used: TimeUsed,
    /// The server that carries it out, as long as its lease is alive.
    pub lease_owner: String,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl OperationRow {
    /// Whether it works on the resource with this id, or its state names that.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.as_str() == id)
            || self.instance.as_ref().is_some_and(|instance| instance.as_str() == id)
            || self.state.contains(&format!("\"{id}\""))
    }
}

/// How much of its timeout an operation has used up, by the uptime of the server that carries it
/// out. Time in which the server did not run does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeUsed {
    /// Milliseconds that are counted.
    pub counted_ms: i64,
    /// Up to when they are counted.
    pub until: Uptime,
    /// Standing still, because nothing can happen meanwhile.
    pub is_suspended: bool,
}

impl TimeUsed {
    /// None, of an operation that begins.
    pub fn none(now: Uptime) -> TimeUsed {
        TimeUsed { counted_ms: 0, until: now, is_suspended: false }
    }

    /// Counts what has passed, unless it stands still.
    pub(crate) fn count(&mut self, now: Uptime) {
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
    /// Can sign calls.
    Active,
    /// Cannot sign calls.
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
    /// The user that it belongs to; none for a key of the account itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<RamUserId>,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: Moment,
    /// The role that it stands for, for a while; none for a key that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<RoleSession>>,
    /// The policies that say what it may do, as JSON documents; one without any may do everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<serde_json::Value>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessKey({}, {}, {:?})", self.id, self.account, self.status)
    }
}

/// A session of a role, which a temporary key stands for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSession {
    /// The role.
    pub role: RamRoleId,
    /// The name of the role, which it keeps.
    pub role_name: String,
    /// The name that whoever assumed the role gave the session.
    pub name: String,
    /// The person or program behind it, as the caller said; possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_identity: String,
    /// Comes with every request of the key.
    pub token: String,
    /// From then on the key is refused.
    pub expires_at: Moment,
    /// A JSON document that has to allow a request too, besides the policies of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// An accepted call that changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When it was accepted.
    pub at: Moment,
    /// The RequestId of its answer.
    pub request_id: String,
    /// The caller.
    pub account: AccountId,
    /// With which key.
    pub access_key_id: String,
    /// The action that was called.
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
    /// The nonces that are remembered.
    pub nonces: Vec<StoredNonce>,
    /// Requests that were signed up to this second may have been seen and forgotten.
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
