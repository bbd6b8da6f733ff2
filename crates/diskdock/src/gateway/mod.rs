//! The protocol edge of the ECS RPC API.

pub mod decode;
pub mod nonce;
pub mod signature;
