//! `diskdock hosts fence`: keeps a lost host from writing to its disks, and stands in for it.

mod auto;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::DiskId;
use domain::host::HostPool;

use crate::assembly::fence::{Fencing, LostHost, begin, complete, pool_of, prove, stand_in};
use crate::assembly::host::HostAssembly;
use crate::catalog::times;
use crate::cli::host::open_store;
use crate::cli::serve::log::{self, LogOptions};
use crate::cli::{Failure, output, serve};
use crate::clock::Clock;
use crate::failpoint;
use crate::storage::{
    FencedClient, PoolControl, Rbd, RbdOptions, StillFencing, StorageError, StoragePlace,
};
use crate::store::{Store, StoreError};

/// The remedy when a step of the fence failed.
const AGAIN: &str =
    "Nothing of the host is free yet. Repeat the command: every step can be repeated.";

/// Options of the fence.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock hosts fence host-a --store postgres://diskdock@db.example/diskdock \\
    --storage rbd:pool=disks,user=control,keyring=/etc/ceph/ceph.client.control.keyring
  diskdock hosts fence --auto --after 10m --store … --storage …

The host has to be silent. Its key of Ceph is removed and its addresses are blocklisted for ten
years, so that its guests write nothing any more, whether they run or not; its instances become
Stopped and their disks can be detached. The command stays, and carries out what is asked of these
instances; ended, it can be run again, and goes on.

With --auto it stays, watches all hosts, and does the same with each of which nothing was heard for
the time of --after while it watched. See docs/scale.md for what that cannot tell.")]
pub(super) struct FenceArgs {
    /// The name of the host
    #[arg(required_unless_present = "auto")]
    name: Option<String>,
    /// Watch all hosts, and fence each that is lost; never one that is drained
    #[arg(long, conflicts_with = "name")]
    auto: bool,
    /// How long nothing may be heard of a host until --auto fences it, such as 90s or 10m; 60s at
    /// least
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = auto::silence)]
    after: Duration,
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
    let fencer = Fencer::open(&args)?;
    let ended = match &args.name {
        Some(name) => fencer.fence_named(name).await,
        None => auto::run(&fencer, args.after).await,
    };
    fencer.store.close().await;
    ended
}

/// A process that may fence hosts: with the database, and a key of control.
struct Fencer {
    store: Store,
    control: Arc<PoolControl>,
    options: RbdOptions,
}

impl Fencer {
    fn open(args: &FenceArgs) -> Result<Fencer, Failure> {
        let StoragePlace::Rbd(options) = &args.storage else {
            let what = "a host with disks in directories cannot be fenced";
            return Err(Failure::usage(what, "Turn the computer off by hand."));
        };
        let control = PoolControl::open(options.clone());
        let control = Arc::new(control.map_err(|fault| Failure::new(fault, ""))?);
        let store = open_store(&args.store, args.store_ca.as_deref(), &args.data_dir, &|| Ok(()))?;
        Ok(Fencer { store, control, options: options.clone() })
    }

    /// Fences a host, and stands in for it.
    async fn fence_named(&self, name: &str) -> Result<(), Failure> {
        let fencing = self.begin(name, None).await?;
        let many = fencing.disks.len();
        let stand_in = self.carry_out(fencing).await?;
        let ready = || say_fenced(name, many);
        tokio::select! {
            () = serve::stop_requested() => {}
            () = stand_in.tasks.run(ready) => {
                tracing::info!(host = name, "was removed, or fenced again");
            }
        }
        Ok(())
    }

    /// Begins to fence a host; see [`begin`].
    async fn begin(&self, name: &str, seen: Option<&LostHost>) -> Result<Fencing, Failure> {
        // Before anything is written down: a fence that is begun has to be brought to its end.
        let pool = pool_of(&self.store, name).await.map_err(|fault| not_fenced(name, &fault))?;
        check_control(&self.options, name, &pool)?;
        let begun = begin(&self.store, name, seen).await;
        let fencing = begun.map_err(|fault| not_fenced(name, &fault))?;
        failpoint::hit("fence.begun");
        tracing::info!(host = name, epoch = fencing.term.epoch, "is being fenced");
        Ok(fencing)
    }

    /// Brings a fence to its end. Gives the stand-in of the host.
    async fn carry_out(&self, fencing: Fencing) -> Result<HostAssembly, Failure> {
        let (term, many) = (fencing.term.clone(), fencing.disks.len());
        check_control(&self.options, &term.host, &fencing.pool)?;
        let proven = self.store.in_term(term.clone());
        let (control, runtime) = (Arc::clone(&self.control), tokio::runtime::Handle::current());
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
        let failed = |fault: StoreError| not_fenced(&term.host, &fault);
        complete(&self.store, &term).await.map_err(failed)?;
        failpoint::hit("fence.completed");
        tracing::info!(host = term.host, disks = many, "is fenced");
        stand_in(&self.store, term.clone()).await.map_err(failed)
    }
}

fn say_fenced(name: &str, disks: usize) {
    // A closed pipe does not end the process.
    let _ = output::print(&format!(
        "{name} is fenced: its guests write to none of their {disks} disks any more. Calls about \
         its instances are carried out here; Ctrl-C ends that"
    ));
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

fn not_fenced(name: &str, fault: &StoreError) -> Failure {
    Failure::new(format!("{name} cannot be fenced: {fault}"), "See docs/scale.md.")
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
