//! A client of the QEMU Machine Protocol (QMP): replies by id, events by subscription, deadlines
//! everywhere.
//!
//! Subscribe before you ask: an event that QEMU reports between a command and a subscription is
//! lost. The outcome of a command is never read from the words of an error; QEMU is asked.
//!
//! ```no_run
//! # async fn unplug() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use std::time::Duration;
//! use qmp::commands::DeviceDel;
//! use qmp::{Client, Event, Notice};
//!
//! let client = Client::connect(Path::new("qmp.sock"), Duration::from_secs(5)).await?;
//! let mut events = client.events();
//! client.execute(DeviceDel { id: "disk1".to_owned() }).await?;
//! while let Notice::Event(event) = events.next().await {
//!     if matches!(event, Event::DeviceDeleted { device: Some(id), .. } if id == "disk1") {
//!         break;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

/// The README, whose example has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod client;
pub mod commands;
mod error;
mod events;
mod log;
mod shared;
mod socket;
mod wire;

pub use client::{Client, IN_FLIGHT, LAST_WORDS};
pub use commands::Command;
pub use error::{ConnectError, Error};
pub use events::{Event, Events, Notice, QUEUE};
pub use log::{Direction, LONGEST_RECORD, Log};
pub use socket::reach;
pub use wire::{ErrorClass, LONGEST_LINE, Version};
