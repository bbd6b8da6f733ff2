//! `diskdock serve`: the server.

pub(crate) mod args;
mod child;
pub(crate) mod config;
mod early_end;
mod greeting;
mod init;
pub(in crate::cli) mod log;
mod own_host;
pub(crate) mod print_config;
mod store_choice;
mod traces;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::inventory::Inventory;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Failure;
use super::data_directory::{check_writable, unless_full};
use super::hypervisor_args::{HypervisorChoice, MachineArgs};
use super::initial_access_key;
use crate::admin::watch::Watch;
use crate::admin::{self, Access, Initialized};
use crate::assembly::{Assembly, AssemblyOptions};
use crate::catalog::FORWARD_PORTS;
use crate::clock::Clock;
use crate::explorer::{self, Site};
use crate::gateway::guard::{ExposureRefusal, Guard, Surroundings, check_exposure};
use crate::gateway::keys::{
    DEVELOPMENT_ID, DEVELOPMENT_SECRET, GivenKey, StartKeys, has_lasting_key, secret_text,
};
use crate::gateway::server::{self, Server};
use crate::ids::IdGenerator;
use crate::private_file;
use crate::service::Quotas;
use crate::store::Ephemeral;
use crate::store::sqlite::Durability;
use args::ServeArgs;
use early_end::EarlyEnd;
use greeting::{Trusted, greeting, place_to_try};
use init::{Beginning, InitFiles, ProgramEnvironment};
use log::LogOptions;
use own_host::{OwnHost, host_args, server_directory};

/// The remedy of a user who cannot make the data directory one that can be written.
const OTHERWISE: &str = "name another directory with --data-dir, or keep nothing with --ephemeral.";

/// Runs the server until it is told to stop.
pub(crate) async fn serve(args: ServeArgs) -> Result<(), Failure> {
    let options = LogOptions::of(&args);
    let (_log, traces) = match &args.traces {
        None => (log::start(&options)?, None),
        Some(collector) => {
            let (layer, flush) = traces::layer(collector)?;
            (log::start_with_traces(&options, layer)?, Some(flush))
        }
    };
    let outcome = run(args).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    outcome
}

async fn run(args: ServeArgs) -> Result<(), Failure> {
    let ids = IdGenerator::from_entropy();
    let ephemeral = if args.ephemeral { Some(scratch(&ids)?) } else { None };
    let directory = ephemeral.as_ref().map_or(args.data_dir.as_path(), Ephemeral::path);
    let in_directory = |failure| unless_full(failure, directory, OTHERWISE);
    check_directory(&args, directory).map_err(in_directory)?;
    let init = init_files(&args)?;
    let plan = plan(&args, server_directory(&args, directory), ids)?;
    let place = place_to_try(&plan.inventory);
    let host_args = host_args(&args, &plan.inventory)?;
    let assembly = opened(plan).map_err(in_directory)?;
    if args.machines.has_guests() && args.key.is_empty() {
        initial_access_key::ensure(&assembly, directory).await?;
    }
    let is_new = prepare_worlds(&args, &init, &assembly).await?;
    let early_end = Arc::<EarlyEnd>::default();
    let own_host = OwnHost::start(host_args, &early_end).await?;
    let tls = exposure(&args, &assembly)?;
    let listener = listen(args.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::new(error, ""))?;
    let token = args.admin_token.clone().unwrap_or_else(|| secret_text(40));
    write_endpoint_and_token(directory, &token, &endpoint(&args, reachable(address)))?;
    let access = Access {
        token,
        open_on_loopback: surroundings(&args, address.ip()).open_controls(),
        guard: Guard { extra_hosts: args.allow_host.clone() },
    };
    let greeting = match (args.child, args.quiet) {
        (true, _) => child::announcement(&args, reachable(address), &access.token),
        (false, true) => String::new(),
        (false, false) => greeting(&args, address, directory, &place),
    };
    let beginning = Beginning {
        files: if is_new { init } else { InitFiles::default() },
        environment: program_environment(&args, reachable(address), &access.token, place.0),
        greeting,
        early_end: Arc::clone(&early_end),
        initialized: Initialized::default(),
    };
    // Whoever reads that the server is ready may stop it.
    let stop_requested = stop_requested();
    let life = Arc::clone(&assembly.life);
    let initialized = beginning.initialized.clone();
    let (takes_calls, calls_are_taken) = oneshot::channel();
    let living = tokio::spawn(async move { life.run(|| drop(takes_calls)).await });
    let beginning = tokio::spawn(beginning.run(calls_are_taken));
    let watch = Watch::default();
    let pages = admin::router(&assembly, access.clone(), initialized)
        .merge(admin::watch::router(&assembly, access, watch.clone()))
        .merge(explorer::router(Site { https: tls.is_some() }));
    let (is_child, failed) = (args.child, Arc::clone(&early_end).failed());
    let stop = async move {
        tokio::select! {
            () = stop_requested => {}
            () = failed => {}
            () = child::input_ended(), if is_child => {}
        }
        watch.close();
    };
    let gateway = Arc::clone(&assembly.gateway);
    let (limits, deadlines) = (args.clients.limits(), args.clients.deadlines());
    Server { gateway, pages, tls, limits, deadlines }.run(listener, stop).await;
    // A program that still runs is killed.
    beginning.abort();
    own_host.stop().await;
    assembly.stop(&living).await;
    tracing::info!("stopped");
    early_end.result()
}

fn opened(plan: AssemblyOptions) -> Result<Assembly, Failure> {
    Assembly::new(plan).map_err(|fault| {
        let hint = "Use another --data-dir, or stop the server that has this one open.";
        Failure::new(format!("cannot open the state: {fault}"), hint)
    })
}

/// Refuses a directory that cannot be written, and one with a state of another kind.
fn check_directory(args: &ServeArgs, directory: &Path) -> Result<(), Failure> {
    check_writable(directory, OTHERWISE)?;
    store_choice::check(args, directory)?;
    if own_host::is_wanted(args) {
        return MachineArgs::check_state_beside_host(&server_directory(args, directory));
    }
    args.machines.check_state(directory)
}

/// The files of `--init`.
fn init_files(args: &ServeArgs) -> Result<InitFiles, Failure> {
    let files = args.init.as_deref().map(InitFiles::in_directory).transpose()?.unwrap_or_default();
    if files.export.is_some() && args.import.is_some() {
        let hint = "A server begins with one export: leave --import out.";
        return Err(Failure::usage("--init has an export, and --import names another", hint));
    }
    Ok(files)
}

/// Fills the main world from an export, and makes the worlds that keys lead to. Gives whether the
/// server had no resources before.
async fn prepare_worlds(
    args: &ServeArgs,
    init: &InitFiles,
    assembly: &Assembly,
) -> Result<bool, Failure> {
    let (export, begins) = (args.import.as_ref().or(init.export.as_ref()), args.init.is_some());
    let mut is_new = false;
    if export.is_some() || begins {
        let filled = admin::fill(assembly, export.map(PathBuf::as_path)).await;
        is_new = filled.map_err(|fault| Failure::new(fault.error, &fault.hint))?;
        if !is_new {
            tracing::info!("nothing is imported or run: there are resources already");
        }
    }
    assembly.worlds.clear().await;
    for key in args.key.iter().filter(|key| key.world.is_some()) {
        let made = assembly.worlds.admit(key.clone()).await;
        made.map_err(|fault| Failure::new(fault, "See --key."))?;
    }
    Ok(is_new)
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
    let on_hosts = on_hosts(args);
    Ok(AssemblyOptions {
        directory,
        durability: if args.ephemeral { Durability::Ephemeral } else { Durability::Synced },
        postgres: store_choice::postgres(args)?,
        inventory: Arc::new(inventory),
        // Only imported images have bytes to start a virtual machine from.
        only_imported_images: args.machines.has_guests() && !on_hosts,
        clock: Clock::default(),
        ids,
        pace: args.pace,
        real: if on_hosts { None } else { args.machines.real(args.ephemeral)? },
        on_hosts,
        strict: args.strict,
        quotas: Quotas {
            // Placement counts what hosts have.
            machine_memory_mib: if on_hosts { None } else { args.machines.memory_mib() },
            ..args.quota.iter().copied().collect()
        },
        throttle: args.throttle,
        snapshot_new_disks: args.snapshot_new_disks,
        forward_ports: args.machines.forward_ports.clone().unwrap_or(FORWARD_PORTS),
        keys: StartKeys { development: has_development_key(args), given: keys_of_main(args) },
        extra_hosts: args.allow_host.clone(),
    })
}

/// Whether instances are on hosts, one of which may be this server's own.
fn on_hosts(args: &ServeArgs) -> bool {
    args.machines.hypervisor == HypervisorChoice::Hosts || own_host::is_wanted(args)
}

fn surroundings(args: &ServeArgs, address: IpAddr) -> Surroundings {
    Surroundings { address, has_guests: args.machines.has_guests() }
}

fn has_development_key(args: &ServeArgs) -> bool {
    surroundings(args, args.listen.ip()).allow_development_key(!args.key.is_empty())
}

/// Address, token and key for the programs of `--init`.
fn program_environment(
    args: &ServeArgs,
    address: SocketAddr,
    token: &str,
    region: String,
) -> ProgramEnvironment {
    ProgramEnvironment {
        endpoint: endpoint(args, address),
        admin_token: token.to_owned(),
        key: key_of_programs(args),
        region,
        certificate: Trusted::of(args).file,
    }
}

/// A key with which the programs of `--init` can call.
fn key_of_programs(args: &ServeArgs) -> Option<GivenKey> {
    let development = || GivenKey {
        id: DEVELOPMENT_ID.to_owned(),
        secret: DEVELOPMENT_SECRET.to_owned(),
        world: None,
    };
    let given = keys_of_main(args).into_iter().next();
    given.or_else(|| has_development_key(args).then(development))
}

/// The keys that lead to no other world.
fn keys_of_main(args: &ServeArgs) -> Vec<GivenKey> {
    args.key.iter().filter(|key| key.world.is_none()).cloned().collect()
}

fn inventory(args: &ServeArgs) -> Result<Inventory, Failure> {
    let whole = crate::inventory::load(args.inventory.as_deref())
        .map_err(|error| Failure::new(error, "See docs/inventory.md for the format."))?;
    if args.regions.is_empty() {
        return Ok(whole);
    }
    whole.with_only_regions(&args.regions).map_err(|error| Failure::new(error, "See --regions."))
}

/// The TLS of the options, if this server may listen where they say.
fn exposure(
    args: &ServeArgs,
    assembly: &Assembly,
) -> Result<Option<tokio_rustls::TlsAcceptor>, Failure> {
    let tls = tls(args)?;
    let has_key = || !args.key.is_empty() || has_lasting_key(&assembly.gateway.services.store);
    let encrypted = tls.is_some() || args.insecure_http;
    let checked = check_exposure(args.listen.ip(), encrypted, has_key);
    checked.map_err(|refusal| match refusal {
        ExposureRefusal::WithoutTls => Failure::new(
            "listening beyond loopback wants TLS",
            "Give --tls-cert and --tls-key, or --insecure-http if the network is trusted.",
        ),
        ExposureRefusal::WithoutKey => Failure::new(
            "listening beyond loopback wants an access key",
            "Give one with --key or DISKDOCK_KEYS, or create one: diskdock key create",
        ),
    })?;
    Ok(tls)
}

fn tls(args: &ServeArgs) -> Result<Option<tokio_rustls::TlsAcceptor>, Failure> {
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificates), Some(key)) => {
            let hint = "Give a certificate chain and its key, both in PEM.";
            let tls = server::tls(certificates, key).map_err(|error| Failure::new(error, hint))?;
            Ok(Some(tls))
        }
        (Some(_), None) => Err(Failure::usage("--tls-cert wants --tls-key", "")),
        (None, Some(_)) => Err(Failure::usage("--tls-key wants --tls-cert", "")),
        (None, None) => Ok(None),
    }
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
    for (name, text) in [("admin-token", token), ("endpoint", endpoint)] {
        let path = directory.join(name);
        let written = private_file::replace_unsynced(&path, format!("{text}\n").as_bytes());
        written.map_err(|error| {
            Failure::new(format!("cannot write {}: {error}", path.display()), "")
        })?;
    }
    Ok(())
}

/// Listens from now on for the word to end; what it gives is done when that has come. A signal
/// before ends the process at once.
pub(in crate::cli) fn stop_requested() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).expect("signals can be listened to");
    let mut terminate = listen(SignalKind::terminate());
    let mut interrupt = listen(SignalKind::interrupt());
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
