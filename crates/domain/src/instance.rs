//! An instance: its fields, its states, and the only ways from one state to another.
//!
//! ```text
//!   Pending --> Starting --> Running --> Stopping --> Stopped --> Starting …
//!      '------------------------------------------------^   (CreateInstance: made, not started)
//!                             Running --> Starting      (reboot)
//! ```

mod entity;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, DiskId, InstanceId};
use crate::moment::Moment;
use crate::string_enum::string_enum;
use crate::tag::Tag;
use crate::unknown::UnknownFields;
use crate::vocabulary::{ChargeType, IllegalTransition, LockReason};

string_enum!(
    /// `Status` as clients see it.
    InstanceStatus {
        /// Being made.
        Pending = "Pending",
        /// Booting.
        Starting = "Starting",
        /// On.
        Running = "Running",
        /// Shutting down, or being released.
        Stopping = "Stopping",
        /// Off.
        Stopped = "Stopped",
    }
);

string_enum!(
    /// Whether a stopped instance is still paid for.
    StoppedMode {
        /// Paid for while it is off.
        KeepCharging = "KeepCharging",
        /// Compute is not paid for while it is off.
        StopCharging = "StopCharging",
        /// Has no meaning for this instance.
        NotApplicable = "Not-applicable",
    }
);

/// An instance. Large or rarely read parts, such as user data, are kept beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`.
    pub id: InstanceId,
    /// The owner.
    pub account: AccountId,
    /// The region it runs in.
    pub region: String,
    /// The zone it runs in.
    pub zone: String,
    /// The host it is placed on; empty where the server runs the machines itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// `ecs.g6.large` and the like.
    pub instance_type: String,
    /// The image its system disk was made from.
    pub image: String,
    /// The imported or public image that a custom one comes from in the end, or empty. A real
    /// machine starts as it says, also when `image` is gone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_image: String,
    /// Display name.
    pub name: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The name inside the guest.
    pub host_name: String,
    /// How it is paid for.
    pub charge_type: ChargeType,
    /// When a subscription ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// The status as clients see it.
    pub status: InstanceStatus,
    /// Whether it is still paid for while Stopped.
    pub stopped_mode: StoppedMode,
    /// Why operations on it are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockReason>,
    /// Protected from release by the API.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Its system disk; none after that was detached.
    pub system_disk: Option<DiskId>,
    /// Address and place in the network.
    pub network: InstanceNetwork,
    /// Key pair for login, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_pair: String,
    /// The public key of the pair, which the guest is given; empty if none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub public_key: String,
    /// The hash of root's password in the form of crypt(3), which the guest is given, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password_hash: String,
    /// RAM role, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ram_role: String,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// `NoSpot`, `SpotWithPriceLimit` or `SpotAsPriceGo`.
    #[serde(default = "no_spot")]
    pub spot_strategy: String,
    /// `Standard` or `Unlimited` for burstable types, else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credit_specification: String,
    /// When it is to be released by itself, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_release_at: Option<Moment>,
    /// When RunInstances or CreateInstance was accepted.
    pub created_at: Moment,
    /// Last start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Moment>,
    /// Whether it is being released: clients see it Stopping, and then not at all.
    #[serde(default)]
    pub releasing: bool,
    /// Whether it was on, or was to be, when its host was lost: it is started where it goes next.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

fn no_spot() -> String {
    "NoSpot".to_owned()
}

/// The network attributes of an instance. Requested ones are kept, the others are generated; no
/// network exists behind them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceNetwork {
    /// `vsw-…`, or empty for the classic network.
    pub vswitch: String,
    /// `vpc-…`, or empty for the classic network.
    pub vpc: String,
    /// `sg-…`.
    pub security_groups: Vec<String>,
    /// The private address.
    pub private_ip: String,
    /// Megabits a second out of the instance.
    #[serde(default)]
    pub internet_max_bandwidth_out: u32,
    /// Megabits a second into the instance.
    #[serde(default)]
    pub internet_max_bandwidth_in: u32,
    /// `PayByTraffic` or `PayByBandwidth`.
    #[serde(default)]
    pub internet_charge_type: String,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Instance {
    /// Whether attach and detach may begin: Running or Stopped and not about to go.
    pub fn has_stable_status(&self) -> bool {
        matches!(self.status, InstanceStatus::Running | InstanceStatus::Stopped)
    }

    /// Whether it is locked for this reason.
    pub fn is_locked_for(&self, reason: LockReason) -> bool {
        self.locks.contains(&reason)
    }

    /// Pending or Stopped → Starting; Running → Starting is a reboot.
    pub fn start(&mut self) -> Result<(), IllegalTransition> {
        self.go(
            &[InstanceStatus::Pending, InstanceStatus::Stopped, InstanceStatus::Running],
            InstanceStatus::Starting,
        )?;
        self.interrupted = false;
        Ok(())
    }

    /// Starting → Running.
    pub fn started(&mut self, now: Moment) -> Result<(), IllegalTransition> {
        self.go(&[InstanceStatus::Starting], InstanceStatus::Running)?;
        self.started_at = Some(now);
        Ok(())
    }

    /// Running → Stopping.
    pub fn stop(&mut self) -> Result<(), IllegalTransition> {
        self.go(&[InstanceStatus::Running], InstanceStatus::Stopping)
    }

    /// Pending, Starting, Stopping or Running → Stopped: the machine is off, for any reason.
    pub fn stopped(&mut self) -> Result<(), IllegalTransition> {
        self.go(
            &[
                InstanceStatus::Pending,
                InstanceStatus::Starting,
                InstanceStatus::Stopping,
                InstanceStatus::Running,
            ],
            InstanceStatus::Stopped,
        )
    }

    /// Stopping → Running: the guest did not stop.
    pub fn stop_failed(&mut self) -> Result<(), IllegalTransition> {
        self.go(&[InstanceStatus::Stopping], InstanceStatus::Running)
    }

    fn go(&mut self, from: &[InstanceStatus], to: InstanceStatus) -> Result<(), IllegalTransition> {
        if self.releasing || !from.contains(&self.status) {
            return Err(IllegalTransition);
        }
        self.status = to;
        Ok(())
    }
}
