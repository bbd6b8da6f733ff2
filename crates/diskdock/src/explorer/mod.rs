//! The API explorer, made from the catalog.

pub mod samples;
