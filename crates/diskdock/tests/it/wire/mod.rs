//! What official clients put on the wire, and what must not pass for it.

mod faults;
mod request;
mod round_trip;
mod tampering;
mod vectors;
