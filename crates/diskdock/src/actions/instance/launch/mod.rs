//! What RunInstances and CreateInstance share: parameters, the plan with its rules, the making.

mod disk_plan;
pub(crate) mod make;
pub(crate) mod names;
pub(crate) mod params;
pub(crate) mod plan;
mod selection;

pub(crate) use params::Launch;
pub(crate) use plan::LaunchPlan;
