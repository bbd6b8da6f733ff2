//! Instances as QEMU virtual machines.

pub mod accel;
