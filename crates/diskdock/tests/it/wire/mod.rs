//! Requests of official clients, and forgeries of them.

mod authorization;
mod authorization_names;
mod bad_input;
mod bosh;
mod csi;
mod deadlines;
mod faults;
mod gateway;
mod request;
mod round_trip;
mod tampering;
mod terraform;
mod vectors;
