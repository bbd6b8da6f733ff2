//! The addresses that are this host's own, as the kernel's routing table has them.

use std::io;
use std::net::Ipv4Addr;

/// Where the kernel shows its routing tables, the one of local addresses among them.
const TABLES: &str = "/proc/net/fib_trie";

/// The addresses at which this host can be reached, and those of broadcasts that reach it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostAddresses(Vec<(u32, u32)>);

impl HostAddresses {
    /// The addresses that this host has now.
    pub(crate) fn now() -> io::Result<HostAddresses> {
        let found = HostAddresses::parse(&std::fs::read_to_string(TABLES)?);
        if !found.contains(Ipv4Addr::LOCALHOST) {
            let what = format!("{TABLES} does not list the loopback address");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(found)
    }

    /// Reads the tables: a line with an address, and below it one for each kind of route to it.
    pub(super) fn parse(tables: &str) -> HostAddresses {
        let mut found = Vec::new();
        let mut address = None;
        for line in tables.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("|-- ") {
                address = text.parse::<Ipv4Addr>().ok();
            } else if let (Some(rest), Some(address)) = (line.strip_prefix('/'), address) {
                found.extend(of_host(rest).map(|mask| (u32::from(address) & mask, mask)));
            }
        }
        found.sort_unstable();
        found.dedup();
        HostAddresses(found)
    }

    /// Whether this address is the host's.
    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        self.0.iter().any(|(network, mask)| address & mask == *network)
    }
}

/// The mask of a route such as `32 host LOCAL`, if it leads to this host.
fn of_host(route: &str) -> Option<u32> {
    let mut words = route.split_whitespace();
    let length: u32 = words.next()?.parse().ok().filter(|length| *length <= 32)?;
    let kind = words.last()?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    matches!(kind, "LOCAL" | "BROADCAST").then_some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 1
        |-- 192.0.2.0
           /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 192.0.2.0/24 2 0 1
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
";

    #[test]
    fn parse_keeps_routes_to_the_host_only() {
        let host = HostAddresses::parse(TABLES);
        for own in ["127.0.0.1", "127.9.9.9", "192.0.2.2", "192.0.2.255"] {
            assert!(host.contains(own.parse().unwrap()), "{own}");
        }
        for other in ["192.0.2.1", "192.0.2.3", "8.8.8.8", "0.0.0.0"] {
            assert!(!host.contains(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn now_has_the_loopback_of_this_host() {
        assert!(HostAddresses::now().unwrap().contains(Ipv4Addr::LOCALHOST));
    }
}
