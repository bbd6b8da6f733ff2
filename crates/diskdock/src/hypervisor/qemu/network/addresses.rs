//! The addresses of a guest on the user network, and of what it finds there.

use std::net::Ipv4Addr;

use super::host_addresses::HostAddresses;

/// The address of a guest whose instance has none.
const WITHOUT_ONE: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// Where the host's resolvers are listed: the second list is the one behind the resolver of
/// systemd, which listens on the loopback only.
const RESOLVERS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// Resolvers that a guest is told of at most.
const RESOLVERS_AT_MOST: usize = 3;

/// A guest's address, as DHCP gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The guest's own.
    pub guest: Ipv4Addr,
    /// The length of its network's prefix.
    pub prefix: u32,
    /// Where it sends what is for other networks.
    pub gateway: Ipv4Addr,
}

impl Addresses {
    /// The addresses for the one that an instance has; why there are none, in words. The gateway
    /// is none of this host's addresses, which no guest can reach.
    pub(crate) fn of(private_ip: &str, host: &HostAddresses) -> Result<Addresses, String> {
        let guest = match private_ip {
            "" => WITHOUT_ONE,
            given => given.parse().map_err(|_| format!("`{given}` is no IPv4 address"))?,
        };
        let first = guest.octets()[0];
        let usable = (1..224).contains(&first) && !guest.is_loopback();
        let prefix = [24, 16, 8].into_iter().find(|prefix| has_host_part(guest, *prefix));
        let prefix = prefix.filter(|_| usable);
        let prefix = prefix.ok_or_else(|| format!("no machine can have the address {guest}"))?;
        let network = u32::from(guest) & mask(24);
        let gateway = (1..255).map(|last| Ipv4Addr::from(network | last));
        let gateway = gateway.into_iter().find(|one| *one != guest && !host.contains(*one));
        let gateway = gateway.ok_or_else(|| format!("this host has all addresses near {guest}"))?;
        Ok(Addresses { guest, prefix, gateway })
    }
}

fn mask(prefix: u32) -> u32 {
    u32::MAX << (32 - prefix)
}

/// Whether it is neither the network's own address nor its broadcast.
fn has_host_part(address: Ipv4Addr, prefix: u32) -> bool {
    let part = u32::from(address) & !mask(prefix);
    part != 0 && part != !mask(prefix)
}

/// The resolvers of this host that a guest can reach: none of those on the host itself.
pub(crate) fn resolvers(host: &HostAddresses) -> Vec<Ipv4Addr> {
    let lists = RESOLVERS.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let lists: Vec<String> = lists.collect();
    let found = lists.iter().map(|list| reachable(list, host)).find(|found| !found.is_empty());
    found.unwrap_or_default()
}

fn reachable(list: &str, host: &HostAddresses) -> Vec<Ipv4Addr> {
    let named = list.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next())?
    });
    let addresses = named.filter_map(|address| address.parse::<Ipv4Addr>().ok());
    let usable =
        |one: &Ipv4Addr| !one.is_loopback() && !one.is_unspecified() && !host.contains(*one);
    addresses.filter(usable).take(RESOLVERS_AT_MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> HostAddresses {
        HostAddresses::parse("|-- 172.16.4.1\n /32 host LOCAL\n|-- 10.0.0.53\n /32 host LOCAL\n")
    }

    fn of(private_ip: &str) -> Result<(String, u32, String), String> {
        let found = Addresses::of(private_ip, &host())?;
        Ok((found.guest.to_string(), found.prefix, found.gateway.to_string()))
    }

    #[test]
    fn of_gives_the_guest_its_own_address_and_a_gateway_beside_it() {
        let beside =
            |guest: &str, prefix, gateway: &str| Ok((guest.into(), prefix, gateway.into()));
        assert_eq!(of("172.16.9.7"), beside("172.16.9.7", 24, "172.16.9.1"));
        assert_eq!(of("172.16.9.1"), beside("172.16.9.1", 24, "172.16.9.2"));
        assert_eq!(of("172.16.9.0"), beside("172.16.9.0", 16, "172.16.9.1"));
        assert_eq!(of("172.16.9.255"), beside("172.16.9.255", 16, "172.16.9.1"));
        assert_eq!(of(""), beside("10.0.2.15", 24, "10.0.2.1"));
    }

    #[test]
    fn of_takes_no_address_of_the_host_as_gateway() {
        assert_eq!(of("172.16.4.7").unwrap().2, "172.16.4.2");
    }

    #[test]
    fn of_refuses_addresses_that_no_machine_can_have() {
        for odd in ["127.0.0.1", "0.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0.0", "::1", "x"]
        {
            assert!(of(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn reachable_leaves_out_resolvers_of_the_host_itself() {
        let list = "# nameserver 1.1.1.1\nsearch example\nnameserver 127.0.0.53\n\
                    nameserver 10.0.0.53\nnameserver fe80::1\nnameserver 192.0.2.53\nnameserver\n";
        assert_eq!(reachable(list, &host()), [Ipv4Addr::new(192, 0, 2, 53)]);
    }
}
