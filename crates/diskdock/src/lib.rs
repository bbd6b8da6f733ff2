//! diskdock: the disk side of the ECS API, around DetachDisk.
//!
//! ```text
//! HTTP -> gateway -> service -> actions -> domain          decide
//!                       |-> store                          write down: one transaction
//!                       '-> operations -> hypervisor       carry out: later, until done
//! ```

pub mod actions;
pub mod admin;
pub(crate) mod ansi;
pub mod assembly;
pub(crate) mod backup;
pub mod catalog;
pub mod cli;
pub mod clock;
pub(crate) mod doctor;
pub mod explorer;
pub mod failpoint;
mod fast_map;
pub mod gateway;
pub mod hypervisor;
pub mod ids;
pub mod inventory;
pub mod operations;
pub mod policy;
mod private_file;
mod reserve;
pub mod service;
pub mod storage;
pub mod store;
