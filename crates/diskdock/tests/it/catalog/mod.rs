//! The catalog: what it says about itself, and what the API's facts say about it.

mod authorization;
pub(crate) mod examples;
mod facts;
mod pages;
pub(crate) mod spec;
