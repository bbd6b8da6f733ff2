//! `diskdock serve`: the server.

use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::inventory::Inventory;
use tokio::net::TcpListener;

use super::Failure;
use super::clients::ClientArgs;
use super::first_key;
use super::machines::{HypervisorChoice, MachineArgs};
use crate::admin::watch::Watch;
use crate::admin::{self, Access};
use crate::assembly::{Assembly, AssemblyOptions};
use crate::clock::Clock;
use crate::explorer::{self, Site};
use crate::gateway::guard::Guard;
use crate::gateway::keys::secret_text;
use crate::gateway::server::{self, Server};
use crate::hypervisor::Pace;
use crate::ids::IdGenerator;
use crate::service::{Quota, Quotas};
use crate::store::Ephemeral;
use crate::store::sqlite::Durability;

/// Run the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock serve                          state in ./diskdock-data, key testid/testsecret
  diskdock serve --ephemeral --pace 2s    no state, attach, detach, start … take two seconds
  diskdock serve --regions cn-hangzhou    no other region is offered
  diskdock serve --listen 0.0.0.0:5260 --tls-cert cert.pem --tls-key key.pem
                                          for other machines; create a key first:
                                          diskdock key create")]
pub(crate) struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:5260", env = "DISKDOCK_LISTEN")]
    pub listen: SocketAddr,
    /// The data directory
    #[arg(long, default_value = "diskdock-data", env = "DISKDOCK_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Keep the state in a temporary directory that is removed when the server stops
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,
    /// How long transitions take: fast (tens of milliseconds), cloud (about a minute), or a
    /// duration such as 500ms or 2s, which leaves creating and resizing disks instant
    #[arg(long, default_value = "fast", value_parser = Pace::parse, env = "DISKDOCK_PACE")]
    pub pace: Pace,
    /// Virtual machines
    #[command(flatten)]
    pub machines: MachineArgs,
    /// Refuse parameters that are unknown or have no effect, instead of listing them in a header
    #[arg(long)]
    pub strict: bool,
    /// A quota of each account: disks=<number> or instances=<number>; can be repeated
    #[arg(long, value_name = "WHAT=NUMBER")]
    pub quota: Vec<Quota>,
    /// Apply the vendor's request limits: 500 AttachDisk or DetachDisk in 60 seconds
    #[arg(long)]
    pub throttle: bool,
    /// A TOML file that extends or replaces the regions, zones, instance types and images
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// The only regions to offer, such as cn-hangzhou or cn-hangzhou,cn-beijing; all unless given.
    /// A client that walks all regions visits no other, and so none at the vendor's hosts
    #[arg(long, value_name = "REGION", value_delimiter = ',', env = "DISKDOCK_REGIONS")]
    pub regions: Vec<String>,
    /// Certificate chain for TLS, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key for TLS, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
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
    /// The log filter, such as info, debug or diskdock=trace
    #[arg(long, default_value = "info", env = "DISKDOCK_LOG")]
    pub log: String,
    /// Log lines as JSON
    #[arg(long)]
    pub log_json: bool,
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(args: ServeArgs) -> Result<(), Failure> {
    start_log(&args)?;
    let ids = IdGenerator::from_entropy();
    let ephemeral = if args.ephemeral { Some(scratch(&ids)?) } else { None };
    let directory = ephemeral.as_ref().map_or(args.data_dir.as_path(), Ephemeral::path);
    args.machines.check_state(directory)?;
    let plan = plan(&args, directory.to_owned(), ids)?;
    let place = place_to_try(&plan.inventory);
    let assembly = Assembly::new(plan).map_err(|fault| {
        let hint = "Use another --data-dir, or stop the other server.";
        Failure::new(format!("cannot open the state: {fault}"), hint)
    })?;
    if args.machines.has_guests() {
        first_key::ensure(&assembly, directory).await?;
    }
    let tls = check_exposure(&args, &assembly)?;
    let listener = listen(args.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::new(error, ""))?;
    let token = secret_text(40);
    write_endpoint_and_token(directory, &token, &endpoint(&args, reachable(address)))?;
    let access = Access {
        token,
        open_on_loopback: address.ip().is_loopback() && !args.machines.has_guests(),
        guard: Guard { extra_hosts: args.allow_host.clone() },
    };
    let greeting = greeting(&args, address, directory, &place);
    let life = Arc::clone(&assembly.life);
    let living = tokio::spawn(async move { life.run(|| say(&greeting)).await });
    let watch = Watch::default();
    let pages = admin::router(&assembly, access.clone())
        .merge(admin::watch::router(&assembly, access, watch.clone()))
        .merge(explorer::router(Site { https: tls.is_some() }));
    let stop = async move {
        told_to_stop().await;
        watch.close();
    };
    let gateway = Arc::clone(&assembly.gateway);
    let (limits, deadlines) = (args.clients.limits(), args.clients.deadlines());
    Server { gateway, pages, tls, limits, deadlines }.run(listener, stop).await;
    living.abort();
    assembly.gateway.services.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn scratch(ids: &IdGenerator) -> Result<Ephemeral, Failure> {
    Ephemeral::new(ids.random()).map_err(|error| {
        let hint = "Set TMPDIR to a directory that can be written.";
        Failure::new(format!("cannot make a temporary directory: {error}"), hint)
    })
}

fn plan(
    args: &ServeArgs,
    directory: PathBuf,
    ids: IdGenerator,
) -> Result<AssemblyOptions, Failure> {
    let inventory = inventory(args)?;
    Ok(AssemblyOptions {
        directory,
        durability: if args.ephemeral { Durability::Relaxed } else { Durability::Synced },
        inventory,
        // Only imported images have bytes to start a virtual machine from.
        only_imported_images: args.machines.hypervisor == HypervisorChoice::Qemu,
        clock: Clock::default(),
        ids,
        pace: args.pace,
        qemu: args.machines.config(args.ephemeral)?,
        strict: args.strict,
        quotas: Quotas {
            machine_memory_mib: args.machines.memory_mib(),
            ..args.quota.iter().copied().collect()
        },
        throttle: args.throttle,
        development_key: args.listen.ip().is_loopback() && !args.machines.has_guests(),
        extra_hosts: args.allow_host.clone(),
    })
}

fn inventory(args: &ServeArgs) -> Result<Inventory, Failure> {
    let whole = crate::inventory::load(args.inventory.as_deref())
        .map_err(|error| Failure::new(error, "See docs/inventory.md for the format."))?;
    if args.regions.is_empty() {
        return Ok(whole);
    }
    whole.with_only_regions(&args.regions).map_err(|error| Failure::new(error, "See --regions."))
}

/// A region and a zone of it for the first call: those of the documents, or the first there are.
fn place_to_try(inventory: &Inventory) -> (String, String) {
    let zone = inventory.zone("cn-hangzhou-b").or_else(|| inventory.zones().next());
    zone.map(|zone| (zone.region_id.clone(), zone.id.clone())).unwrap_or_default()
}

/// The regions that are offered, for a person, or how to choose some.
fn regions_in_words(args: &ServeArgs) -> String {
    if args.regions.is_empty() {
        return "all; --regions cn-hangzhou keeps clients that walk them from the vendor's hosts"
            .to_owned();
    }
    args.regions.join(", ")
}

/// Refuses to listen beyond loopback without a secret key, and without TLS unless waived.
fn check_exposure(
    args: &ServeArgs,
    assembly: &Assembly,
) -> Result<Option<tokio_rustls::TlsAcceptor>, Failure> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificates), Some(key)) => {
            Some(server::tls(certificates, key).map_err(|error| {
                Failure::new(error, "Give a certificate chain and its key, both in PEM.")
            })?)
        }
        _ => None,
    };
    if args.listen.ip().is_loopback() {
        return Ok(tls);
    }
    if tls.is_none() && !args.insecure_http {
        let hint = "Give --tls-cert and --tls-key, or --insecure-http if the network is trusted.";
        return Err(Failure::new("listening beyond loopback wants TLS", hint));
    }
    let keys = assembly.gateway.services.store.read_blocking(|tx| tx.access_keys());
    let has_key = keys.is_ok_and(|keys| !keys.is_empty());
    if !has_key {
        let hint = "Create one first: diskdock key create";
        return Err(Failure::new("listening beyond loopback wants an access key", hint));
    }
    Ok(tls)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = "Choose another port with --listen.";
        Failure::new(format!("cannot listen on {address}: {error}"), hint)
    })
}

/// An address that a program on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let ip = if address.ip().is_unspecified() { loopback } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

fn endpoint(args: &ServeArgs, address: SocketAddr) -> String {
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// Writes the admin token and the address to the data directory, for the command line.
fn write_endpoint_and_token(directory: &Path, token: &str, endpoint: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    for (name, text) in [("admin-token", token), ("endpoint", endpoint)] {
        let path = directory.join(name);
        // The old file is replaced by a new one, so that its type and mode do not matter.
        let new = directory.join(format!("{name}.new"));
        let _ = std::fs::remove_file(&new);
        let mut options = std::fs::File::options();
        let file = options.create_new(true).write(true).mode(0o600).open(&new);
        let written = file.and_then(|mut file| writeln!(file, "{text}"));
        written.and_then(|()| std::fs::rename(&new, &path)).map_err(|error| {
            Failure::new(format!("cannot write {}: {error}", path.display()), "")
        })?;
    }
    Ok(())
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn start_log(args: &ServeArgs) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.log).map_err(|error| {
        Failure::new(format!("--log: {error}"), "Use info, debug or a list such as diskdock=trace.")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = if args.log_json { log.json().try_init() } else { log.try_init() };
    started.map_err(|error| Failure::new(error, ""))
}

/// The first steps for a person, within one screen.
fn greeting(
    args: &ServeArgs,
    address: SocketAddr,
    directory: &Path,
    (region, zone): &(String, String),
) -> String {
    let endpoint = endpoint(args, address);
    let kept = if args.ephemeral {
        "nowhere; it is gone when the server stops".to_owned()
    } else {
        std::fs::canonicalize(directory)
            .unwrap_or_else(|_| directory.to_owned())
            .display()
            .to_string()
    };
    if args.machines.has_guests() {
        return greeting_of_machines(args, &endpoint, directory);
    }
    let plain = args.tls_cert.is_none();
    let insecure = if plain { " --insecure" } else { "" };
    let protocol = if plain { "http" } else { "https" };
    if !address.ip().is_loopback() {
        return format!(
            "diskdock {} at {endpoint}\n  explorer   {endpoint}/explorer\n  state      {kept}\n  \
             regions    {}\n  keys       those of `diskdock key list`; the development key is off \
             here\n",
            env!("CARGO_PKG_VERSION"),
            regions_in_words(args),
        );
    }
    format!(
        r#"diskdock {version} is ready.

  endpoint   {endpoint}
  explorer   {endpoint}/explorer
  state      {kept}
  regions    {regions}
  AccessKey  testid / testsecret   region {region}   pace {pace}

Try one of these:

  aliyun ecs DescribeRegions --endpoint {address}{insecure} --mode AK \
    --access-key-id testid --access-key-secret testsecret --region {region}

  python3 -c 'from alibabacloud_ecs20140526 import client, models as m
from alibabacloud_tea_openapi.utils_models import Config
c = client.Client(Config(access_key_id="testid", access_key_secret="testsecret", endpoint="{address}", protocol="{protocol}"))
print(c.create_disk(m.CreateDiskRequest(region_id="{region}", zone_id="{zone}", size=20, disk_category="cloud_essd")).body)'

  curl {endpoint}/_diskdock/health

  export DISKDOCK_ENDPOINT={endpoint}
  diskdock call --help     send any action from here
  diskdock admin --help    hold transitions, plant faults, move the clock
"#,
        version = env!("CARGO_PKG_VERSION"),
        pace = args.pace,
        regions = regions_in_words(args),
    )
}

/// The same with virtual machines, where the development key is off.
fn greeting_of_machines(args: &ServeArgs, endpoint: &str, directory: &Path) -> String {
    let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let key = first_key::path_in(&directory);
    let (directory, key) = (directory.display(), key.display());
    format!(
        "diskdock {version} runs virtual machines.

  endpoint   {endpoint}
  explorer   {endpoint}/explorer
  state      {directory}
  regions    {regions}
  AccessKey  in {key}, for users who may read it

On this host:

  export DISKDOCK_DATA_DIR={directory} DISKDOCK_ENDPOINT={endpoint}
  diskdock call DescribeImages      with that key; other programs: . {key}
  diskdock admin operations         with the admin token beside it
",
        version = env!("CARGO_PKG_VERSION"),
        regions = regions_in_words(args),
    )
}

/// Prints and flushes; a closed pipe does not end the server.
fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
