//! The protocol edge of the ECS RPC API.

pub mod decode;
pub mod signature;
