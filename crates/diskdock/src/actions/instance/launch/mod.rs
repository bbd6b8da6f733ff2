//! What RunInstances and CreateInstance share: parameters, the plan with its rules, the making.

pub mod make;
pub mod names;
pub mod params;
pub mod plan;

pub use params::Launch;
pub use plan::LaunchPlan;
