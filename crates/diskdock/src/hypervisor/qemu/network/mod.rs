//! How guests are networked: not at all, through this host's own sockets, or on a bridge of it.
//!
//! On the user network, a machine has two processes beside QEMU, which end with it:
//!
//! ```text
//!   QEMU <-- frames --> relay, which stops what is for this host <-- frames --> passt --> sockets
//! ```

mod addresses;
mod bridge;
mod frame;
mod host_addresses;
mod passt;
pub(crate) mod relay;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::command_line::{Card, mac_address};
use super::machine::off_thread;
use super::process::{User, said_last};
use crate::hypervisor::MachineSpec;
use crate::storage::no_follow;
pub(crate) use addresses::Addresses;
use addresses::resolvers;
use host_addresses::HostAddresses;
pub(crate) use passt::Passt;

/// The output of the relay and passt, in the directory that belongs to QEMU.
const LOG_FILE: &str = "network.log";
/// How long the user network has to come up.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How a host comes by passt.
pub(crate) const INSTALL: &str = "install it: apt-get install passt (or choose --network none)";
/// Characters of an interface's name at most.
const LONGEST_NAME: usize = 15;

/// Where guests can send to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Everywhere but to this host, through its own sockets.
    #[default]
    User,
    /// The machines on this bridge of the host.
    Bridge(String),
    /// Nowhere: they have no network card.
    None,
}

impl Network {
    /// Reads `user`, `bridge=NAME` or `none`.
    pub(crate) fn parse(text: &str) -> Result<Network, String> {
        match text.split_once('=') {
            None if text == "user" => Ok(Network::User),
            None if text == "none" => Ok(Network::None),
            Some(("bridge", name)) if is_interface_name(name) => {
                Ok(Network::Bridge(name.to_owned()))
            }
            Some(("bridge", name)) => Err(format!("`{name}` is no name of a bridge, such as br0")),
            _ => Err(format!("`{text}` is neither user, bridge=NAME nor none")),
        }
    }

    /// The card that QEMU gives to a guest on it.
    pub(crate) fn card(&self) -> Card {
        match self {
            Network::User => Card::Stream,
            Network::Bridge(_) => Card::Tap,
            Network::None => Card::Absent,
        }
    }
}

fn is_interface_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !matches!(name, "" | "." | "..") && name.len() <= LONGEST_NAME && name.chars().all(is_plain)
}

/// The programs that a network needs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `diskdock` itself, which is the relay too.
    pub relay: PathBuf,
    /// `passt`.
    pub passt: PathBuf,
}

/// Connects a machine that is about to start; none if it has no network. Why it cannot be, in
/// words.
pub(crate) async fn connect(
    network: &Network,
    programs: &Programs,
    spec: &MachineSpec,
    run: &Path,
    user: Option<User>,
) -> Result<Option<OwnedFd>, String> {
    if !spec.forwards.is_empty() && *network != Network::User {
        let tag = crate::hypervisor::FORWARD_TAG;
        return Err(format!("a guest has forwarded ports ({tag}) on --network user only"));
    }
    match network {
        Network::None => Ok(None),
        Network::Bridge(name) => bridge::tap(name).await.map(Some),
        Network::User => {
            let host = HostAddresses::now().map_err(|error| unknown_addresses(&error))?;
            let addresses = Addresses::of(&spec.private_ip, &host)?;
            let relay = Relay { programs, spec, run, user, addresses, host: &host };
            let connected = relay.connect().await;
            connected.map(Some).map_err(|error| {
                let said = said_last(&run.join(LOG_FILE));
                format!("the guest's network did not come up ({error}): {said}")
            })
        }
    }
}

fn unknown_addresses(error: &io::Error) -> String {
    format!("cannot tell which addresses are this host's: {error}")
}

/// A relay that is about to start.
struct Relay<'a> {
    programs: &'a Programs,
    spec: &'a MachineSpec,
    run: &'a Path,
    user: Option<User>,
    addresses: Addresses,
    host: &'a HostAddresses,
}

impl Relay<'_> {
    async fn connect(self) -> io::Result<OwnedFd> {
        let (ours, its) = UnixStream::pair()?;
        // Reaped in the background once it ends.
        drop(tokio::process::Command::from(self.command(its)?).spawn()?);
        let (mac, addresses) = (bytes_of(&mac_address(self.spec))?, self.addresses);
        off_thread(move || {
            wait_until_up(&ours, mac, addresses)?;
            Ok(OwnedFd::from(ours))
        })
        .await
    }

    fn command(&self, qemu: UnixStream) -> io::Result<Command> {
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let log = options.custom_flags(no_follow()).open(self.run.join(LOG_FILE))?;
        let mut command = Command::new(&self.programs.relay);
        command.args(["guest-network", "--passt"]).arg(&self.programs.passt);
        let Addresses { guest, prefix, gateway } = self.addresses;
        command.arg(format!("--address={guest}")).arg(format!("--prefix={prefix}"));
        command.arg(format!("--gateway={gateway}"));
        command.args(resolvers(self.host).iter().map(|one| format!("--resolver={one}")));
        let forwards = self.spec.forwards.iter();
        command.args(forwards.map(|one| format!("--forward={}:{}", one.host, one.guest)));
        command.env_clear().current_dir("/").process_group(0);
        command.stdin(OwnedFd::from(qemu)).stdout(Stdio::null()).stderr(log);
        if let Some(user) = self.user {
            command.gid(user.gid).uid(user.uid);
        }
        Ok(command)
    }
}

/// The six bytes of a hardware address.
fn bytes_of(mac: &str) -> io::Result<[u8; 6]> {
    let bytes = mac.split(':').map(|byte| u8::from_str_radix(byte, 16).map_err(io::Error::other));
    let bytes: Vec<u8> = bytes.collect::<io::Result<_>>()?;
    bytes.try_into().map_err(|_| io::Error::other(format!("{mac} is no hardware address")))
}

/// Asks for the gateway as the guest would, and waits for the answer, which passt gives.
fn wait_until_up(mut qemu: &UnixStream, mac: [u8; 6], addresses: Addresses) -> io::Result<()> {
    let Addresses { guest, gateway, .. } = addresses;
    let deadline = Instant::now() + START_TIMEOUT;
    frame::write(&mut qemu, &frame::arp_request(mac, guest, gateway))?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        qemu.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match frame::read(&mut qemu)? {
            Some(bytes) if frame::is_arp_reply(&bytes, gateway) => break,
            Some(_) if left.is_zero() => return Err(io::ErrorKind::TimedOut.into()),
            // A client connects to a forwarded port already, and will again.
            Some(_) => {}
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
    qemu.set_read_timeout(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_a_network_and_refuses_nonsense() {
        assert_eq!(Network::parse("user"), Ok(Network::User));
        assert_eq!(Network::parse("none"), Ok(Network::None));
        assert_eq!(Network::parse("bridge=br-1.2"), Ok(Network::Bridge("br-1.2".to_owned())));
        for odd in [
            "",
            "User",
            "bridge",
            "bridge=",
            "bridge=a/b",
            "bridge=..",
            "user=x",
            "bridge=sixteen-letters-x",
            "bridge=a b",
        ] {
            assert!(Network::parse(odd).is_err(), "{odd}");
        }
    }
}
