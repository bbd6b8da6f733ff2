//! What RunInstances and CreateInstance share: parameters, the plan with its rules, the making.

mod disk_plan;
pub mod make;
pub mod names;
pub mod params;
pub mod plan;
mod selection;

pub use params::Launch;
pub use plan::LaunchPlan;
