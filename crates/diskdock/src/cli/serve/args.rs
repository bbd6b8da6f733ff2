//! Options of `diskdock serve`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use crate::cli::connection_limits::ClientArgs;
use crate::cli::host::args::host_name;
use crate::cli::hypervisor_args::MachineArgs;
use crate::gateway::keys::GivenKey;
use crate::hypervisor::Pace;
use crate::service::Quota;

/// Run the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock serve                          state in ./diskdock-data, key testid/testsecret
  diskdock serve --ephemeral --pace 2s    no state, attach, detach, start … take two seconds
  diskdock serve --regions cn-hangzhou    no other region is offered
  diskdock serve --ephemeral --key ci:secret --listen :5260 --insecure-http
                                          for containers of one network
  diskdock serve --listen 0.0.0.0:5260 --tls-cert cert.pem --tls-key key.pem
                                          for other machines; create a key first:
                                          diskdock key create")]
pub(crate) struct ServeArgs {
    /// Address and port to listen on, such as localhost:5260, [::1]:5260 or :5260 (all addresses)
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5260")]
    #[arg(value_parser = listen_address)]
    pub listen: SocketAddr,
    /// The data directory
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-data")]
    pub data_dir: PathBuf,
    /// A PostgreSQL database for the state, which other servers may share, such as
    /// postgres://diskdock@db.example/diskdock; a password is safer in the environment or a file
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,
    /// Certificates that vouch for the database, in PEM; needed where it is on another machine
    #[arg(long, value_name = "FILE")]
    pub store_ca: Option<PathBuf>,
    /// Keep the state in a temporary directory that is removed when the server stops
    #[arg(long)]
    pub ephemeral: bool,
    /// An access key that is valid while this server runs, instead of testid; can be repeated.
    /// With @WORLD behind it, it leads to a world of its own. Other users of the host see a command
    /// line: the environment and a file are safer places
    #[arg(long, value_name = "ID:SECRET", value_delimiter = ',', env = "DISKDOCK_KEYS")]
    #[arg(hide_env_values = true)]
    pub key: Vec<GivenKey>,
    /// An export (`diskdock admin export`) to begin with, if there are no resources yet
    #[arg(long, value_name = "FILE")]
    pub import: Option<PathBuf>,
    /// Files that a server without resources begins with: an export (*.json), and executable ones
    /// that are run in the order of their names when calls are taken, with DISKDOCK_ENDPOINT and a
    /// key in their environment. The server is ready when the last one has ended
    #[arg(long, value_name = "DIRECTORY")]
    pub init: Option<PathBuf>,
    /// The admin token, for controls from elsewhere [default: a new one in the data directory at
    /// every start]
    #[arg(long, value_name = "TOKEN", hide_env_values = true, value_parser = admin_token)]
    pub admin_token: Option<String>,
    /// How long transitions take: fast (tens of milliseconds), cloud (about a minute), or a
    /// duration such as 500ms or 2s, which leaves creating and resizing disks instant
    #[arg(long, default_value = "fast", value_parser = Pace::parse)]
    pub pace: Pace,
    /// Virtual machines
    #[command(flatten)]
    pub machines: MachineArgs,
    /// With --store and --hypervisor qemu, the name of this server's own host [default: that of
    /// this computer]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub host_name: Option<String>,
    /// With --store and --hypervisor qemu, the zone of the instances here, for good [default:
    /// cn-hangzhou-b, or the first there is]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Refuse parameters that are unknown or have no effect, instead of listing them in a header
    #[arg(long)]
    pub strict: bool,
    /// A quota of each account: disks=<number> or instances=<number>; can be repeated
    #[arg(long, value_name = "WHAT=NUMBER")]
    pub quota: Vec<Quota>,
    /// Apply the vendor's request limits: 500 AttachDisk or DetachDisk in 60 seconds
    #[arg(long)]
    pub throttle: bool,
    /// Make snapshots of disks that were never attached as well, which the cloud refuses: for
    /// conformance tests such as csi-sanity, which never attach a disk
    #[arg(long)]
    pub snapshot_new_disks: bool,
    /// A TOML file that extends or replaces the regions, zones, instance types and images
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// The only regions to offer, such as cn-hangzhou or cn-hangzhou,cn-beijing; all unless given.
    /// A client that walks all regions visits no other, and so none at the vendor's hosts
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Certificate chain for TLS, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key for TLS, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Listen beyond loopback without TLS
    #[arg(long)]
    pub insecure_http: bool,
    /// A host name that programs may call this server by, besides loopback; can be repeated
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Bounds of clients
    #[command(flatten)]
    pub clients: ClientArgs,
    /// The log filter, such as warn, debug or diskdock=trace [default: info, with a line for each
    /// call]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Log lines as JSON
    #[arg(long)]
    pub log_json: bool,
    /// A collector of OpenTelemetry (OTLP over HTTP, JSON) that gets a span for every call, such as
    /// http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub traces: Option<String>,
    /// Print no greeting, and log warnings and errors only, unless --log says otherwise
    #[arg(long, short)]
    pub quiet: bool,
    /// Run as a child of a test: print one line of JSON with the endpoint and the admin token when
    /// calls are taken, and stop when standard input ends, as it does when the parent dies
    #[arg(long)]
    pub child: bool,
    /// A TOML file with options of this command, such as pace = "2s"; the command line and the
    /// environment come before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print all options with where each comes from, as a file for --config, and do nothing else
    #[arg(long)]
    pub print_config: bool,
}

/// The shortest admin token, in characters.
const SHORTEST_TOKEN: usize = 8;

fn admin_token(text: &str) -> Result<String, String> {
    let fits = text.len() >= SHORTEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
    let wrong = || format!("it has {SHORTEST_TOKEN} letters, digits and signs at least");
    fits.then(|| text.to_owned()).ok_or_else(wrong)
}

/// An address to listen on. A name gives its first address; no name at all, every address.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    let wrong = "give an address and a port, such as 127.0.0.1:5260, localhost:5260 or :5260";
    let found = text.to_socket_addrs().map_err(|error| format!("{error}; {wrong}"))?;
    found.into_iter().next().ok_or_else(|| format!("{text} has no address; {wrong}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_address_takes_names_and_bare_ports() {
        let found = |text| listen_address(text).map(|address| address.to_string());
        assert_eq!(found(":5260").as_deref(), Ok("0.0.0.0:5260"));
        assert_eq!(found("[::1]:80").as_deref(), Ok("[::1]:80"));
        assert!(listen_address("localhost:5260").is_ok_and(|found| found.ip().is_loopback()));
        for wrong in ["", "5260", "localhost", "127.0.0.1:", ":70000", "127.0.0.1:port"] {
            let why = listen_address(wrong).unwrap_err();
            assert!(why.contains("such as 127.0.0.1:5260"), "{wrong}: {why}");
        }
    }
}
