//! The common part of RunInstances and CreateInstance: parameters, the plan with its rules, the
//! creation.

mod disk_plan;
mod image;
pub(crate) mod make;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod params;
pub(crate) mod plan;
mod selection;

pub(crate) use params::Launch;
pub(crate) use plan::LaunchPlan;
