//! A port of this host that leads into a guest.

use serde::{Deserialize, Serialize};

/// The tag of an instance that says which ports of this host lead into its guest, such as
/// `2222:22` or `2222:22,8080:80`. They can be reached from this host only.
pub(crate) const FORWARD_TAG: &str = "diskdock:forward";

/// A TCP port of this host's loopback that leads to a port of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// The port of this host.
    pub host: u16,
    /// The port of the guest.
    pub guest: u16,
}

impl Forward {
    /// Reads `HOST:GUEST`, or several of them with commas between.
    pub(crate) fn parse_list(text: &str) -> Option<Vec<Forward>> {
        text.split(',').map(|one| Forward::parse(one).ok()).collect()
    }

    /// Reads `HOST:GUEST`.
    pub(crate) fn parse(text: &str) -> Result<Forward, String> {
        Forward::read(text).ok_or_else(|| format!("`{text}` is no HOST:GUEST, such as 2222:22"))
    }

    fn read(text: &str) -> Option<Forward> {
        let port = |text: &str| text.parse().ok().filter(|port| *port != 0);
        let (host, guest) = text.trim().split_once(':')?;
        Some(Forward { host: port(host)?, guest: port(guest)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_str_reads_ports_and_refuses_nonsense() {
        let ssh = Forward { host: 2222, guest: 22 };
        let web = Forward { host: 8080, guest: 80 };
        assert_eq!(Forward::parse_list("2222:22"), Some(vec![ssh]));
        assert_eq!(Forward::parse_list("2222:22, 8080:80"), Some(vec![ssh, web]));
        for nonsense in ["", "22", "0:22", "22:0", "22:", ":22", "65536:22", "a:b", "1:2,", "1:2:3"]
        {
            assert_eq!(Forward::parse_list(nonsense), None, "{nonsense:?}");
        }
    }
}
