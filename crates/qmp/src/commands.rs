//! Commands, each with its arguments, its reply and its deadline.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Version;

/// A command: it serializes to its arguments.
pub trait Command: Serialize + Send {
    /// Its name on the wire.
    const NAME: &'static str;
    /// How long QEMU has to reply. See [`deadline`] for those of the commands here.
    const DEADLINE: Duration;
    /// The value of its reply.
    type Reply: DeserializeOwned + Send;
}

/// How long commands have, by what QEMU has to do for them.
pub mod deadline {
    use std::time::Duration;

    /// Answers from memory.
    pub const QUERY: Duration = Duration::from_secs(5);
    /// Changes devices or tells the guest something; a busy host may take its time. Also looks
    /// at files.
    pub const DEVICE: Duration = Duration::from_secs(10);
    /// Waits for input and output: opens, flushes, closes or resizes a block node, or drains all.
    pub const BLOCK_NODE: Duration = Duration::from_secs(45);
    /// Accepts to end, before it closes the block nodes.
    pub const QUIT: Duration = Duration::from_secs(5);
}

/// A reply that says nothing but that it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Done {}

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:ident {
        $($(#[$field_attribute:meta])* $field:ident: $kind:ty),* $(,)?
    } = $wire:literal within $deadline:ident -> $reply:ty),* $(,)?) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name { $($(#[$field_attribute])* pub $field: $kind),* }

        impl Command for $name {
            const NAME: &'static str = $wire;
            const DEADLINE: Duration = deadline::$deadline;
            type Reply = $reply;
        }
    )*};
}

/// A part of a [`Transaction`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub enum TransactionAction {
    /// Begins to copy a block node.
    BlockdevBackup(BlockdevBackup),
}

/// How much of a backup job goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BackupPerformance {
    /// Pieces that are copied at the same time, but for those that a guest is about to overwrite.
    #[serde(rename = "max-workers")]
    pub max_workers: u32,
}

commands!(
    /// Leaves the mode in which only capabilities are negotiated.
    Capabilities {} = "qmp_capabilities" within QUERY -> Done,
    /// Whether the processors run.
    QueryStatus {} = "query-status" within QUERY -> MachineStatus,
    /// Which QEMU it is.
    QueryVersion {} = "query-version" within QUERY -> QemuVersion,
    /// The properties of an object, such as the devices below `/machine/peripheral`.
    QomList {
        /// Where the object is.
        path: String,
    } = "qom-list" within QUERY -> Vec<Property>,
    /// Limits what a device gets out of its medium; 0 for no limit.
    BlockSetIoThrottle {
        /// The device's id.
        id: String,
        /// Bytes a second.
        bps: u64,
        /// Bytes a second that are read.
        bps_rd: u64,
        /// Bytes a second that are written.
        bps_wr: u64,
        /// Operations a second.
        iops: u64,
        /// Reads a second.
        iops_rd: u64,
        /// Writes a second.
        iops_wr: u64,
    } = "block_set_io_throttle" within DEVICE -> Done,
    /// The character devices.
    QueryChardev {} = "query-chardev" within QUERY -> Vec<CharacterDevice>,
    /// The counts of reads and writes of devices.
    QueryBlockStats {} = "query-blockstats" within DEVICE -> Vec<BlockStats>,
    /// The counts of block nodes, whether a device uses them or not. Answers from memory.
    QueryNodeStats {
        /// Of block nodes: true.
        #[serde(rename = "query-nodes")]
        query_nodes: bool,
    } = "query-blockstats" within DEVICE -> Vec<BlockStats>,
    /// Closes a block node that nothing uses; what was written is flushed before.
    BlockdevDel {
        /// Its name.
        #[serde(rename = "node-name")]
        node_name: String,
    } = "blockdev-del" within BLOCK_NODE -> Done,
    /// Deletes an object that nothing uses.
    ObjectDel {
        /// Its name.
        id: String,
    } = "object-del" within DEVICE -> Done,
    /// Asks the guest to let go of a device. That it was asked says nothing about its answer.
    DeviceDel {
        /// The device's id.
        id: String,
    } = "device_del" within DEVICE -> Done,
    /// Does what a person would type into the other monitor; the answer is text for people.
    HumanMonitorCommand {
        /// The line.
        #[serde(rename = "command-line")]
        command_line: String,
    } = "human-monitor-command" within QUERY -> String,
    /// Changes the size of a block node.
    BlockResize {
        /// Its name.
        #[serde(rename = "node-name")]
        node_name: String,
        /// Bytes.
        size: u64,
    } = "block_resize" within BLOCK_NODE -> Done,
    /// Begins to copy a block node into another one, with the content that it has at this moment:
    /// what is overwritten before it was copied is copied first.
    BlockdevBackup {
        /// The name of the job.
        #[serde(rename = "job-id")]
        job_id: String,
        /// The node to be copied.
        device: String,
        /// The node that is copied into.
        target: String,
        /// How much is copied: `full`.
        sync: String,
        /// Bytes a second at most; 0 for no limit.
        speed: u64,
        /// Forget the job when it has ended.
        #[serde(rename = "auto-dismiss")]
        auto_dismiss: bool,
        /// How much of it goes on at once.
        #[serde(rename = "x-perf")]
        performance: BackupPerformance,
    } = "blockdev-backup" within BLOCK_NODE -> Done,
    /// Does several things at the same moment, or none of them.
    Transaction {
        /// The things that are done.
        actions: Vec<TransactionAction>,
    } = "transaction" within BLOCK_NODE -> Done,
    /// Gives a job of a block node another speed.
    BlockJobSetSpeed {
        /// The name of the job.
        device: String,
        /// Bytes a second at most; 0 for no limit.
        speed: u64,
    } = "block-job-set-speed" within DEVICE -> Done,
    /// The jobs, those that have ended and were not dismissed too.
    QueryJobs {} = "query-jobs" within QUERY -> Vec<BlockJob>,
    /// Tells a job to end without a result.
    JobCancel {
        /// Its name.
        id: String,
    } = "job-cancel" within BLOCK_NODE -> Done,
    /// Forgets a job that has ended.
    JobDismiss {
        /// Its name.
        id: String,
    } = "job-dismiss" within DEVICE -> Done,
    /// Opens block nodes anew with other options; what was written to them is flushed before, and
    /// a failure of that is an error.
    BlockdevReopen {
        /// The nodes, as `blockdev-add` takes them.
        options: Vec<Value>,
    } = "blockdev-reopen" within BLOCK_NODE -> Done,
    /// Presses the power button.
    SystemPowerdown {} = "system_powerdown" within DEVICE -> Done,
    /// Wakes a guest that has put its machine to sleep.
    SystemWakeup {} = "system_wakeup" within DEVICE -> Done,
    /// Resets the machine.
    SystemReset {} = "system_reset" within DEVICE -> Done,
    /// Stops the processors.
    Stop {} = "stop" within BLOCK_NODE -> Done,
    /// Lets the processors go on.
    Cont {} = "cont" within BLOCK_NODE -> Done,
    /// Ends QEMU.
    Quit {} = "quit" within QUIT -> Done,
);

macro_rules! with_any_arguments {
    ($(#[doc = $doc:literal] $name:ident = $wire:literal within $deadline:ident),* $(,)?) => {$(
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Value);

        impl Command for $name {
            const NAME: &'static str = $wire;
            const DEADLINE: Duration = deadline::$deadline;
            type Reply = Done;
        }
    )*};
}

with_any_arguments!(
    /// Opens a block node.
    BlockdevAdd = "blockdev-add" within BLOCK_NODE,
    /// Makes an object, such as the one that holds a key.
    ObjectAdd = "object-add" within DEVICE,
    /// Plugs a device in.
    DeviceAdd = "device_add" within DEVICE,
);

/// Whether the processors run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MachineStatus {
    /// They run.
    pub running: bool,
    /// In what state the machine is.
    pub status: RunState,
}

/// In what state a machine is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Its processors run.
    Running,
    /// Paused.
    Paused,
    /// Never started.
    Prelaunch,
    /// Asleep.
    Suspended,
    /// Paused because input or output failed.
    IoError,
    /// Off.
    Shutdown,
    /// Its system has given up.
    GuestPanicked,
    /// Unable to go on.
    InternalError,
    /// A state that this client does not know.
    #[serde(other)]
    Other,
}

/// A character device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CharacterDevice {
    /// Its name.
    pub label: String,
    /// Whether the guest has opened its end.
    #[serde(rename = "frontend-open")]
    pub frontend_open: bool,
}

/// Which QEMU it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct QemuVersion {
    /// As a number.
    pub qemu: Version,
    /// As its packager calls it.
    pub package: String,
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its type; `child<…>` for an object of its own.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The counts of one device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BlockStats {
    /// The block node that it uses.
    #[serde(rename = "node-name", default)]
    pub node_name: Option<String>,
    /// The counts.
    pub stats: DeviceStats,
}

/// Reads and writes of a device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DeviceStats {
    /// Reads that were carried out.
    #[serde(rename = "rd_operations", default)]
    pub reads: u64,
    /// Writes that were carried out.
    #[serde(rename = "wr_operations", default)]
    pub writes: u64,
    /// Bytes that were read.
    #[serde(rename = "rd_bytes", default)]
    pub read_bytes: u64,
    /// Bytes that were written.
    #[serde(rename = "wr_bytes", default)]
    pub written_bytes: u64,
    /// Nanoseconds that all reads took together.
    #[serde(rename = "rd_total_time_ns", default)]
    pub read_ns: u64,
    /// Nanoseconds that all writes took together.
    #[serde(rename = "wr_total_time_ns", default)]
    pub write_ns: u64,
    /// Writes that the guest was told have failed.
    #[serde(rename = "failed_wr_operations")]
    pub failed_writes: u64,
    /// The same of flushes.
    #[serde(rename = "failed_flush_operations")]
    pub failed_flushes: u64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BlockJob {
    /// Its name.
    pub id: String,
    /// In what state it is.
    pub status: JobStatus,
    /// How much of it is done, in a unit of its own.
    #[serde(rename = "current-progress")]
    pub current_progress: u64,
    /// How much there is to do, as far as is known.
    #[serde(rename = "total-progress")]
    pub total_progress: u64,
    /// Why it has failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// In what state a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// It has ended, well or with an error, and waits to be dismissed.
    Concluded,
    /// It runs, waits or ends.
    #[serde(other)]
    UnderWay,
}
