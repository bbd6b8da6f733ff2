//! Commands, each with its arguments and its reply.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Version;

/// A command: it serializes to its arguments.
pub trait Command: Serialize + Send {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What it gives.
    type Reply: DeserializeOwned + Send;
}

/// A reply that says nothing but that it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Done {}

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:ident {
        $($(#[$field_attribute:meta])* $field:ident: $kind:ty),* $(,)?
    } = $wire:literal -> $reply:ty),* $(,)?) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name { $($(#[$field_attribute])* pub $field: $kind),* }

        impl Command for $name {
            const NAME: &'static str = $wire;
            type Reply = $reply;
        }
    )*};
}

commands!(
    /// Leaves the mode in which only capabilities are negotiated.
    Capabilities {} = "qmp_capabilities" -> Done,
    /// Whether the processors run.
    QueryStatus {} = "query-status" -> MachineStatus,
    /// Which QEMU it is.
    QueryVersion {} = "query-version" -> QemuVersion,
    /// The properties of an object, such as the devices below `/machine/peripheral`.
    QomList {
        /// Where the object is.
        path: String,
    } = "qom-list" -> Vec<Property>,
    /// The block nodes that have a name.
    QueryNamedBlockNodes {
        /// Leave out what lies below each node.
        flat: bool,
    } = "query-named-block-nodes" -> Vec<BlockNode>,
    /// Closes a block node that nothing uses; what was written is flushed before.
    BlockdevDel {
        /// Its name.
        #[serde(rename = "node-name")]
        node_name: String,
    } = "blockdev-del" -> Done,
    /// Asks the guest to let go of a device. That it was asked says nothing about its answer.
    DeviceDel {
        /// The device's id.
        id: String,
    } = "device_del" -> Done,
    /// Does what a person would type into the other monitor; the answer is text for people.
    HumanMonitorCommand {
        /// The line.
        #[serde(rename = "command-line")]
        command_line: String,
    } = "human-monitor-command" -> String,
    /// Changes the size of a block node.
    BlockResize {
        /// Its name.
        #[serde(rename = "node-name")]
        node_name: String,
        /// Bytes.
        size: u64,
    } = "block_resize" -> Done,
    /// Presses the power button.
    SystemPowerdown {} = "system_powerdown" -> Done,
    /// Resets the machine.
    SystemReset {} = "system_reset" -> Done,
    /// Stops the processors.
    Stop {} = "stop" -> Done,
    /// Lets the processors go on.
    Cont {} = "cont" -> Done,
    /// Ends QEMU.
    Quit {} = "quit" -> Done,
);

/// Opens a block node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct BlockdevAdd(pub Value);

impl Command for BlockdevAdd {
    const NAME: &'static str = "blockdev-add";
    type Reply = Done;
}

/// Plugs a device in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DeviceAdd(pub Value);

impl Command for DeviceAdd {
    const NAME: &'static str = "device_add";
    type Reply = Done;
}

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
    /// It was paused.
    Paused,
    /// It was never started.
    Prelaunch,
    /// It sleeps.
    Suspended,
    /// It was paused because input or output failed.
    IoError,
    /// It is off.
    Shutdown,
    /// Its system has given up.
    GuestPanicked,
    /// It cannot go on.
    InternalError,
    /// A state that this client does not know.
    #[serde(other)]
    Other,
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

/// A block node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BlockNode {
    /// Its name.
    #[serde(rename = "node-name", default)]
    pub node_name: String,
    /// Its driver.
    #[serde(rename = "drv")]
    pub driver: String,
    /// The file that it is about.
    pub file: String,
    /// Whether it cannot be written.
    #[serde(rename = "ro")]
    pub read_only: bool,
}
