//! The common part of RunInstances and CreateInstance: parameters, the plan with its rules, the
//! creation.

pub(crate) mod disk_params;
mod disk_plan;
mod image;
pub(crate) mod make;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod params;
pub(crate) mod plan;
pub(crate) mod run_params;
mod selection;

pub(crate) use disk_params::AskedDisks;
pub(crate) use params::Launch;
pub(crate) use plan::LaunchPlan;
