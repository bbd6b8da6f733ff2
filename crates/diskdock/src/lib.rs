//! x
pub mod offer;
