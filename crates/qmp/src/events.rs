//! Events of QEMU, and subscriptions to them.

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Events that a subscriber may be behind before it misses some.
pub const QUEUE: usize = 1_024;

/// An event of QEMU.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A device is gone: the guest can no longer reach it.
    DeviceDeleted {
        /// Its id, if it had one.
        device: Option<String>,
        /// Its path in QEMU's object model.
        path: String,
    },
    /// The guest refused to let go of a device.
    DeviceUnplugGuestError {
        /// Its id, if it has one.
        device: Option<String>,
        /// Its path in QEMU's object model.
        path: String,
    },
    /// The guest was reset.
    Reset {
        /// By itself.
        guest: bool,
    },
    /// The guest was switched off; QEMU ends.
    Shutdown {
        /// By itself.
        guest: bool,
        /// Why, in QEMU's words.
        reason: String,
    },
    /// The processors stand still.
    Stop,
    /// The processors go on.
    Resume,
    /// The guest sleeps.
    Suspend,
    /// The guest has woken up.
    Wakeup,
    /// The guest was asked to shut down.
    Powerdown,
    /// The guest's system has given up.
    GuestPanicked,
    /// An input or output of a block device failed.
    BlockIoError {
        /// The block node, if it has a name.
        node: Option<String>,
        /// It was a write or a flush, not a read.
        write: bool,
        /// QEMU's reaction: `ignore`, `report` or `stop`.
        action: String,
        /// Whether the host has no space left.
        no_space: bool,
    },
    /// Any other.
    Other {
        /// Its name.
        name: String,
        /// Its data.
        data: Value,
    },
}

impl Event {
    pub(crate) fn new(name: String, data: Value) -> Event {
        let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
        let is = |key: &str| data.get(key).and_then(Value::as_bool).unwrap_or(false);
        let said = |key: &str| text(key).unwrap_or_default();
        match name.as_str() {
            "DEVICE_DELETED" => Event::DeviceDeleted { device: text("device"), path: said("path") },
            "DEVICE_UNPLUG_GUEST_ERROR" => {
                Event::DeviceUnplugGuestError { device: text("device"), path: said("path") }
            }
            "RESET" => Event::Reset { guest: is("guest") },
            "SHUTDOWN" => Event::Shutdown { guest: is("guest"), reason: said("reason") },
            "STOP" => Event::Stop,
            "RESUME" => Event::Resume,
            "SUSPEND" => Event::Suspend,
            "WAKEUP" => Event::Wakeup,
            "POWERDOWN" => Event::Powerdown,
            "GUEST_PANICKED" => Event::GuestPanicked,
            "BLOCK_IO_ERROR" => Event::BlockIoError {
                node: text("node-name"),
                write: text("operation").as_deref() == Some("write"),
                action: said("action"),
                no_space: is("nospace"),
            },
            _ => Event::Other { name, data },
        }
    }
}

/// An item of a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// QEMU reported something.
    Event(Event),
    /// The subscriber was too slow for so many events. It has to ask QEMU what has become.
    Missed(u64),
    /// The connection has ended, and nothing comes any more.
    Closed,
}

/// A subscription to everything that QEMU reports.
#[derive(Debug)]
pub struct Events(pub(crate) broadcast::Receiver<Event>);

impl Events {
    /// The next notice. Once it is [`Notice::Closed`], it stays so. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Notice {
        match self.0.recv().await {
            Ok(event) => Notice::Event(event),
            Err(RecvError::Lagged(missed)) => Notice::Missed(missed),
            Err(RecvError::Closed) => Notice::Closed,
        }
    }
}
