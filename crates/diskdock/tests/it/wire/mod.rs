//! What official clients put on the wire, and what must not pass for it.

mod bad_input;
mod deadlines;
mod faults;
mod gateway;
mod request;
mod round_trip;
mod tampering;
mod vectors;
