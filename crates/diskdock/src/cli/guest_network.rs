//! `diskdock guest-network`: the process between a machine's QEMU and its passt, started by the
//! server.

use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::Failure;
use crate::hypervisor::Forward;
use crate::hypervisor::qemu::network::{Addresses, Passt, relay};

/// Carry the frames of one guest; QEMU is on standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct GuestNetworkArgs {
    /// The program that turns Ethernet frames into connections
    #[arg(long)]
    passt: PathBuf,
    /// The guest's address
    #[arg(long)]
    address: Ipv4Addr,
    /// The length of its network's prefix
    #[arg(long)]
    prefix: u32,
    /// Its gateway
    #[arg(long)]
    gateway: Ipv4Addr,
    /// A name server for the guest; can be repeated
    #[arg(long)]
    resolver: Vec<Ipv4Addr>,
    /// HOST:GUEST, a forwarded port; can be repeated
    #[arg(long, value_parser = Forward::parse)]
    forward: Vec<Forward>,
}

/// Carries frames until QEMU ends.
pub(super) fn run(args: &GuestNetworkArgs) -> Result<(), Failure> {
    let addresses = Addresses { guest: args.address, prefix: args.prefix, gateway: args.gateway };
    let passt = Passt { addresses, resolvers: &args.resolver, forwards: &args.forward };
    let qemu = std::io::stdin().as_fd().try_clone_to_owned();
    let carried = qemu.and_then(|qemu| relay::run(&args.passt, &passt, UnixStream::from(qemu)));
    carried.map_err(|error| Failure::new(error, ""))
}
