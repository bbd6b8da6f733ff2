//! Requests of official clients, and forgeries of them.

mod authorization;
mod bad_input;
mod deadlines;
mod faults;
mod gateway;
mod request;
mod round_trip;
mod tampering;
mod vectors;
