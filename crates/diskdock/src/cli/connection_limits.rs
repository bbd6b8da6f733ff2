//! Options of `diskdock serve` for the number and the deadlines of clients.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::gateway::server::{ConnectionLimits, Deadlines};
use crate::hypervisor::parse_duration_ms;

/// Files that the server opens besides the connections of its clients.
const OTHER_FILES: usize = 512;

/// The bounds of clients.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ClientArgs {
    /// Connections at a time; the one that has kept the server waiting longest makes room for more
    #[arg(long, value_name = "COUNT", default_value = "4096", value_parser = count)]
    max_connections: usize,
    /// Connections at a time from one address, or from one IPv6 network of 64 bits
    #[arg(long, value_name = "COUNT", default_value = "1024", value_parser = count)]
    max_connections_per_address: usize,
    /// Seconds that a client may take to send a request or to read a reply; each 8 KiB add a second
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    client_timeout: Duration,
}

impl ClientArgs {
    /// How many clients may be connected: the requested number, or as many as the limit on open
    /// files allows.
    pub(crate) fn limits(&self) -> ConnectionLimits {
        let files = raise_open_files(self.max_connections + OTHER_FILES);
        let most = files.saturating_sub(OTHER_FILES).max(files / 2).max(1);
        if most < self.max_connections {
            let asked = self.max_connections;
            tracing::warn!(most, asked, "the limit on open files allows fewer connections");
        }
        ConnectionLimits {
            total: self.max_connections.min(most),
            per_address: self.max_connections_per_address,
        }
    }

    /// The deadlines of clients.
    pub(crate) fn deadlines(&self) -> Deadlines {
        let default = Deadlines::default();
        Deadlines {
            handshake: default.handshake.min(self.client_timeout),
            transfer: self.client_timeout,
            ..default
        }
    }
}

/// Raises the limit on open files towards `wanted`, as far as that is allowed; gives what holds.
fn raise_open_files(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(wanted as u64);
    let raised = Rlimit { current: Some(wanted), ..limit };
    let holds = match current < wanted && setrlimit(Resource::Nofile, raised).is_ok() {
        true => wanted,
        false => current,
    };
    usize::try_from(holds).unwrap_or(usize::MAX)
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a number of at least 1".to_owned()),
        Ok(count) => Ok(count),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = parse_duration_ms(text).and_then(|ms| u64::try_from(ms).ok());
    match milliseconds {
        Some(0) | None => Err("give a duration such as 500ms, 30s or 2m".to_owned()),
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
    }
}
