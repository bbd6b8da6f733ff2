//! The command line of passt, which carries a guest's connections over the host's own sockets.

use std::ffi::OsString;
use std::net::Ipv4Addr;

use super::addresses::Addresses;
use crate::hypervisor::Forward;

/// The configuration of passt.
#[derive(Clone, Debug)]
pub(crate) struct Passt<'a> {
    /// The guest's addresses.
    pub addresses: Addresses,
    /// The name servers for the guest.
    pub resolvers: &'a [Ipv4Addr],
    /// Ports of this host's loopback that lead into the guest.
    pub forwards: &'a [Forward],
}

impl Passt<'_> {
    /// Its arguments. It speaks on its standard input, and ends when the other side closes it.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let Addresses { guest, prefix, gateway } = self.addresses;
        // The interface is only where passt finds values that it is not told, and there are none:
        // so it runs on a host that has no network just now.
        let mut line = words("--foreground --quiet --ipv4-only --interface lo --fd 0");
        // IPv4 alone, since every address of the host is known of that, and nothing of the host
        // under another address.
        line.extend(words("--no-map-gw --no-dhcpv6 --no-ndp --no-ra --search none"));
        line.extend(words(&format!("--address {guest} --netmask {prefix} --gateway {gateway}")));
        let [a, b, c, d] = gateway.octets();
        line.extend(words(&format!("--mac-addr 52:55:{a:02x}:{b:02x}:{c:02x}:{d:02x}")));
        for resolver in self.resolvers {
            line.extend(words(&format!("--dns {resolver}")));
        }
        if self.resolvers.is_empty() {
            line.extend(words("--dns none"));
        }
        for Forward { host, guest } in self.forwards {
            line.extend(words(&format!("--tcp-ports 127.0.0.1/{host}:{guest}")));
        }
        // Else it forwards the same ports of UDP.
        line.extend(words("--udp-ports none"));
        line
    }
}

fn words(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::super::host_addresses::HostAddresses;
    use super::*;

    fn line(resolvers: &[Ipv4Addr], forwards: &[Forward]) -> String {
        let addresses = Addresses::of("172.16.9.7", &HostAddresses::default()).unwrap();
        let passt = Passt { addresses, resolvers, forwards };
        let arguments = passt.arguments();
        arguments.iter().map(|one| one.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn arguments_close_the_gateway_and_forward_from_the_loopback_only() {
        let ssh = Forward { host: 2_222, guest: 22 };
        let line = line(&[Ipv4Addr::new(192, 0, 2, 53)], &[ssh]);
        for part in [
            "--no-map-gw",
            "--mac-addr 52:55:ac:10:09:01",
            "--address 172.16.9.7 --netmask 24 --gateway 172.16.9.1",
            "--dns 192.0.2.53",
            "--tcp-ports 127.0.0.1/2222:22",
            "--udp-ports none",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn arguments_say_so_when_there_is_no_resolver() {
        assert!(line(&[], &[]).contains("--dns none"));
    }
}
