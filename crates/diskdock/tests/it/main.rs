//! The integration tests of diskdock, in one binary so that they link once.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod accel;
mod actions;
mod admin;
mod catalog;
mod cli;
#[path = "../contract/hypervisor.rs"]
mod contract;
mod decide;
mod explorer;
mod harness;
mod host;
mod hosts;
mod hypervisor_contract;
mod operations;
mod placement;
mod restart;
mod samples;
mod server;
mod several_servers;
mod simulation;
mod storage;
mod store_contract;
mod tidy;
#[path = "../contract/volumes.rs"]
mod volumes_contract;
mod watch;
mod wire;
mod worlds;
