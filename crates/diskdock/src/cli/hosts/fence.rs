//! `diskdock hosts fence`: keeps a lost host from writing to its disks, and stands in for it.

use std::path::PathBuf;

use clap::Args;
use domain::DiskId;
use domain::host::HostPool;

use crate::assembly::fence::{Fencing, begin, complete, pool_of, prove, stand_in};
use crate::catalog::times;
use crate::cli::host::open_store;
use crate::cli::serve::log::{self, LogOptions};
use crate::cli::{Failure, output, serve};
use crate::clock::Clock;
use crate::failpoint;
use crate::storage::{
    FencedClient, PoolControl, Rbd, RbdOptions, StillFencing, StorageError, StoragePlace,
};
use crate::store::StoreError;

/// The remedy when a step of the fence failed.
const AGAIN: &str =
    "Nothing of the host is free yet. Repeat the command: every step can be repeated.";

/// Options of the fence.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  diskdock hosts fence host-a --store postgres://diskdock@db.example/diskdock \\
    --storage rbd:pool=disks,user=control,keyring=/etc/ceph/ceph.client.control.keyring

The host has to be silent. Its key of Ceph is removed and its addresses are blocklisted for ten
years, so that its guests write nothing any more, whether they run or not; its instances become
Stopped and their disks can be detached. The command stays, and carries out what is asked of these
instances; ended, it can be run again, and goes on. See docs/scale.md.")]
pub(super) struct FenceArgs {
    /// The name of the host
    name: String,
    /// The PostgreSQL database of the servers
    #[arg(long, value_name = "URL", env = "DISKDOCK_STORE", hide_env_values = true)]
    store: String,
    /// Certificates that vouch for the database, in PEM; needed where it is on another machine
    #[arg(long, value_name = "FILE", env = "DISKDOCK_STORE_CA")]
    store_ca: Option<PathBuf>,
    /// The pool of the hosts, with a user of Ceph who may remove keys and blocklist addresses:
    /// rbd:pool=NAME[,conf=FILE][,user=NAME][,keyring=FILE]
    #[arg(long, value_name = "WHERE", value_parser = StoragePlace::parse)]
    storage: StoragePlace,
    /// A directory of its own, kept until the host is removed
    #[arg(long, value_name = "DIRECTORY", default_value = "diskdock-fence")]
    data_dir: PathBuf,
}

/// Runs the command, until it is told to stop or the host is removed.
pub(super) async fn run(args: FenceArgs) -> Result<(), Failure> {
    let _log = log::start(&LogOptions { filter: None, quiet: false, json: false })?;
    let StoragePlace::Rbd(options) = &args.storage else {
        let what = "a host with disks in directories cannot be fenced";
        return Err(Failure::usage(what, "Turn the computer off by hand."));
    };
    let control = PoolControl::open(options.clone()).map_err(|fault| Failure::new(fault, ""))?;
    let store = open_store(&args.store, args.store_ca.as_deref(), &args.data_dir, &|| Ok(()))?;
    // Before anything is written down: a fence that is begun has to be brought to its end.
    let pool = pool_of(&store, &args.name).await.map_err(|fault| not_fenced(&args, &fault))?;
    check_control(options, &args.name, &pool)?;
    let fencing = begin(&store, &args.name).await.map_err(|fault| not_fenced(&args, &fault))?;
    failpoint::hit("fence.begun");
    tracing::info!(host = args.name, epoch = fencing.term.epoch, "is being fenced");
    check_control(options, &args.name, &fencing.pool)?;
    let (term, many) = (fencing.term.clone(), fencing.disks.len());
    let (proven, runtime) = (store.in_term(term.clone()), tokio::runtime::Handle::current());
    let refuse = move || {
        let still = || {
            let proof = runtime.block_on(prove(&proven, &fencing.term));
            proof.map_err(|fault| over(&fencing.term.host, &fault))
        };
        refuse_writes(&control, &fencing, &still)
    };
    let refused = tokio::task::spawn_blocking(refuse).await;
    let refused = refused.map_err(|error| Failure::new(error, AGAIN))?;
    refused.map_err(|fault| Failure::new(fault, AGAIN))?;
    failpoint::hit("fence.proven");
    complete(&store, &term).await.map_err(|fault| not_fenced(&args, &fault))?;
    failpoint::hit("fence.completed");
    tracing::info!(host = args.name, disks = many, "is fenced");
    let stand_in = stand_in(&store, term).await.map_err(|fault| not_fenced(&args, &fault))?;
    let name = args.name.clone();
    let ready = move || {
        // A closed pipe does not end the process.
        let _ = output::print(&format!(
            "{name} is fenced: its guests write to none of their {many} disks any more. Calls \
             about its instances are carried out here; Ctrl-C ends that"
        ));
    };
    let stop_requested = serve::stop_requested();
    tokio::select! {
        () = stop_requested => {}
        () = stand_in.tasks.run(ready) => {
            tracing::info!(host = args.name, "was removed, or fenced again");
        }
    }
    store.close().await;
    Ok(())
}

/// Refuses a control of another pool, which would prove nothing, and the user of the host.
fn check_control(options: &RbdOptions, name: &str, pool: &HostPool) -> Result<(), Failure> {
    let cluster = Rbd::cluster_of(options).map_err(|fault| Failure::new(fault, AGAIN))?;
    let cluster = cluster.ok_or_else(|| Failure::new("Ceph does not answer", AGAIN))?;
    if pool.cluster != cluster || pool.name != options.pool {
        let what = format!(
            "the disks of {name} are in the pool {} of the Ceph cluster {}, not in {} of {cluster}",
            pool.name, pool.cluster, options.pool
        );
        return Err(Failure::usage(what, "Name that pool in --storage."));
    }
    if pool.user == options.user {
        let what = format!("client.{} is the user of the host, who is removed", options.user);
        return Err(Failure::usage(what, "Name another user in --storage."));
    }
    Ok(())
}

fn not_fenced(args: &FenceArgs, fault: &StoreError) -> Failure {
    Failure::new(format!("{} cannot be fenced: {fault}", args.name), "See docs/scale.md.")
}

/// Why a process that fenced a host does nothing more to it.
fn over(host: &str, fault: &StoreError) -> StorageError {
    let (what, hint) = match fault {
        StoreError::LeaseLost => (
            format!("{host} was fenced by another process meanwhile, or removed"),
            "look at `diskdock hosts`",
        ),
        fault => (format!("it is unknown whether {host} is still to be fenced: {fault}"), "repeat"),
    };
    StorageError::Taken { what, hint: hint.to_owned() }
}

/// Has the storage refuse the host, and takes each disk of its instances away from it. Before each
/// step, `still` proves that this process is the one to do that: it may have stood still for long.
fn refuse_writes(
    control: &PoolControl,
    fencing: &Fencing,
    still: StillFencing<'_>,
) -> Result<(), StorageError> {
    let (user, addresses) = (fencing.pool.user.clone(), fencing.pool.addresses.clone());
    let host = FencedClient { user, addresses };
    let today = times::with_seconds(Clock::default().now());
    let year = today.get(..4).and_then(|year| year.parse().ok()).unwrap_or(i32::MAX);
    control.shut_out(&host, year, still)?;
    for disk in &fencing.disks {
        control.take(DiskId::as_str(disk), &host, fencing.term.epoch, still)?;
        failpoint::hit("fence.taken");
    }
    Ok(())
}
