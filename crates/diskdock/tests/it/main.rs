//! The integration tests of diskdock, in one binary so that they link once.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod actions;
mod admin;
mod catalog;
mod cli;
mod decide;
mod harness;
mod hypervisor_contract;
mod operations;
mod restart;
mod samples;
mod server;
mod simulation;
mod store_contract;
mod tidy;
mod tripped;
mod wire;
