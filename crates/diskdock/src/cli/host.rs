//! `diskdock host`: the process of one host, which takes the work of its instances from the store.

pub(crate) mod args;

use std::path::Path;
use std::time::Duration;

use domain::host::{
    HostAdmission, HostHypervisor, HostPool, HostResources, HostStorage, Overcommit,
};
use domain::{Host, Instance, InstanceId, UnknownFields};
use tokio::time::timeout;

use super::data_directory::{check_writable, unless_full};
use super::hypervisor_args::check_state;
use super::serve::log::{self, LogOptions};
use super::{Failure, output, serve};
use crate::assembly::host::{HostAssembly, HostMachines, boot_id, check_fences, images_in};
use crate::clock::Clock;
use crate::hypervisor::qemu;
use crate::ids::IdGenerator;
use crate::operations::Runner;
use crate::private_file;
use crate::storage::{Rbd, StoragePlace};
use crate::store::postgres::{self, Postgres, PostgresAddress};
use crate::store::sqlite::STORE;
use crate::store::{EntityReads, ReadTx, Store, StoreError};
use args::{HostArgs, HostHypervisorChoice};

/// The file in the data directory with the name of the host.
pub(super) const HOST_NAME: &str = "host-name";
/// The longest name in that file, in bytes.
const LONGEST_NAME: u64 = 256;
/// The remedy of a user who cannot make the data directory one that can be written.
const OTHERWISE: &str = "name another directory with --data-dir.";
/// How long steps of operations may take to end that were under way when the term was over: a step
/// has a minute.
const STEPS_END_WITHIN: Duration = Duration::from_secs(70);

/// Runs the process of a host until it is told to stop, or works for it no more.
pub(crate) async fn run(args: HostArgs) -> Result<(), Failure> {
    let options =
        LogOptions { filter: args.log.as_deref(), quiet: args.quiet, json: args.log_json };
    let _log = log::start(&options)?;
    let name = args.name.clone();
    let ready = move || {
        // A closed pipe does not end the process.
        let _ = output::print(&format!("host {name} works"));
    };
    work(args, ready, serve::stop_requested).await
}

/// Works as a host until the future of `stop` has ended, or it is that host no more. `ready` is
/// called when it takes operations, and `stop` when it has registered.
pub(in crate::cli) async fn work<S: Future<Output = ()>>(
    args: HostArgs,
    ready: impl FnOnce(),
    stop: impl FnOnce() -> S,
) -> Result<(), Failure> {
    check_zone(&args)?;
    let directory = &args.data_dir;
    let in_directory = |failure| unless_full(failure, directory, OTHERWISE);
    check_place(&args).map_err(in_directory)?;
    let machines = machines(&args)?;
    let claim = || claim_directory(directory, &args.name);
    let store = open_store(&args.store, args.store_ca.as_deref(), directory, &claim);
    let store = store.map_err(in_directory)?;
    // Before anything else: the storage refuses it, and its guests are not its own any more.
    end_guests_of_others(&store, &args, None).await?;
    check_not_fenced(&store, &args).await?;
    let host = host(&args, store.server())?;
    let registered = HostAssembly::register(&store, host, Clock::default(), machines).await;
    let assembly = registered.map_err(|fault| not_registered(&fault))?;
    let stop_requested = stop();
    let name = args.name.clone();
    let ready = move || {
        tracing::info!(host = name, "works");
        ready();
    };
    let outcome = tokio::select! {
        () = stop_requested => Ok(()),
        () = assembly.tasks.run(ready) => Err(Failure::new(
            format!("{} works in another process now, or was removed", args.name),
            "`diskdock hosts` shows it.",
        )),
    };
    let ended = match outcome {
        Ok(()) => Ok(()),
        Err(_) => end_guests_of_others(&store, &args, Some(&assembly.runner)).await,
    };
    assembly.store.close().await;
    tracing::info!("stopped");
    ended.and(outcome)
}

fn not_registered(fault: &StoreError) -> Failure {
    Failure::new(format!("this host cannot register: {fault}"), "See docs/scale.md.")
}

/// Refuses a boot or a key that was fenced, as [`HostAssembly::register`] does, before Ceph is
/// asked: that may not answer the address of such a host.
async fn check_not_fenced(store: &Store, args: &HostArgs) -> Result<(), Failure> {
    let (name, boot, key) = (args.name.clone(), boot_id(), key_fingerprint(&args.storage)?);
    let look = move |tx: &dyn ReadTx| check_fences(tx, &name, &boot, &key);
    match store.read(look).await {
        // One that does not answer is waited for.
        Err(fault @ StoreError::Unfit { .. }) => Err(not_registered(&fault)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The fingerprint of the key of the storage; empty where there is none.
fn key_fingerprint(storage: &StoragePlace) -> Result<String, Failure> {
    let StoragePlace::Rbd(options) = storage else { return Ok(String::new()) };
    Rbd::key_fingerprint(options).map_err(|fault| Failure::new(fault, "See docs/ceph.md."))
}

/// Refuses a directory that cannot be written, or is not this host's.
fn check_place(args: &HostArgs) -> Result<(), Failure> {
    check_writable(&args.data_dir, OTHERWISE)?;
    check_directory(&args.data_dir, &args.name)?;
    check_state(&args.data_dir, HostHypervisor::from(args.hypervisor).as_str())?;
    check_storage(args)
}

/// Ends the guests that are not this host's any more, and says so: all of a host that was fenced,
/// whose disks others may have by now, and of one that was removed or is another process now those
/// whose instances are on other hosts. Where the store does not answer, nothing is ended. With a
/// runner, which takes no step any more, also those guests are ended that a step was just starting.
async fn end_guests_of_others(
    store: &Store,
    args: &HostArgs,
    runner: Option<&Runner>,
) -> Result<(), Failure> {
    let name = args.name.clone();
    let Ok(found) = store.read(move |tx| tx.host(&name)).await else { return Ok(()) };
    let found = found.filter(|found| found.host.server == store.server());
    let fenced_in = match &found {
        Some(own) if !own.host.is_fenced() => return Ok(()),
        Some(own) => Some(own.host.epoch),
        None => None,
    };
    let mut ended = end_guests(store, args, fenced_in.is_some()).await?;
    if let Some(runner) = runner {
        if timeout(STEPS_END_WITHIN, runner.until_still()).await.is_err() {
            tracing::error!("a step of an operation does not end");
        }
        ended.extend(end_guests(store, args, fenced_in.is_some()).await?);
    }
    let Some(epoch) = fenced_in else {
        if !ended.is_empty() {
            let ended = ended.join(", ");
            tracing::error!(ended, "ended the guests of instances that are on other hosts");
        }
        return Ok(());
    };
    let guests = if ended.is_empty() { "no guest ran".to_owned() } else { ended.join(", ") };
    let what = format!(
        "{} was fenced in epoch {epoch}: its disks may be on other hosts. Ended here: {guests}; \
         none is left",
        args.name
    );
    tracing::error!(what);
    Err(Failure::new(what, "See docs/scale.md for what to do before it works again."))
}

/// Ends guests of the directory: all, or those of instances that the store has on other hosts.
/// Gives the instances whose machines were on.
async fn end_guests(store: &Store, args: &HostArgs, all: bool) -> Result<Vec<String>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        let hint = "End its QEMU processes by hand, or restart the computer.";
        Failure::new(format!("cannot end guests: {error}"), hint)
    };
    let mut names = qemu::machines_in(&args.data_dir).map_err(|error| cannot(&error))?;
    if !all {
        let (candidates, host) = (names, args.name.clone());
        let moved = move |tx: &dyn ReadTx| {
            let mut moved = Vec::new();
            for name in &candidates {
                let placed = tx.look_at(&InstanceId::from(name.as_str()))?;
                let elsewhere = |one: &Instance| !one.host.is_empty() && one.host != host;
                moved.extend(placed.filter(|one| elsewhere(one)).map(|_| name.clone()));
            }
            Ok::<_, StoreError>(moved)
        };
        // Unknown is not moved.
        names = store.read(moved).await.unwrap_or_default();
    }
    let directory = args.data_dir.clone();
    let ended = tokio::task::spawn_blocking(move || qemu::end_machines(&directory, names)).await;
    let ended = ended.map_err(|error| Failure::new(error, ""))?;
    ended.map_err(|error| cannot(&error))
}

/// The machines that the options choose.
fn machines(args: &HostArgs) -> Result<HostMachines, Failure> {
    Ok(match args.hypervisor {
        HostHypervisorChoice::Simulated => HostMachines::Simulated(args.pace),
        HostHypervisorChoice::Qemu => HostMachines::Real {
            real: Box::new(args.qemu.real(args.storage.clone())?),
            directory: args.data_dir.clone(),
        },
    })
}

/// The store for a process that works for a host. `claim` makes the directory its own.
pub(super) fn open_store(
    address: &str,
    authorities: Option<&Path>,
    directory: &Path,
    claim: &dyn Fn() -> Result<(), StoreError>,
) -> Result<Store, Failure> {
    let hint = "See --store and docs/scale.md.";
    let address =
        PostgresAddress::new(address, authorities).map_err(|error| Failure::usage(error, hint))?;
    let number = IdGenerator::from_entropy().random();
    let engine = Postgres::open_for_host(address, directory, number, claim);
    let engine =
        engine.map_err(|fault| Failure::new(format!("cannot open the store: {fault}"), hint))?;
    Ok(Store::new(engine))
}

/// The host as it registers.
fn host(args: &HostArgs, server: &str) -> Result<Host, Failure> {
    let images = match args.hypervisor {
        HostHypervisorChoice::Simulated => Vec::new(),
        HostHypervisorChoice::Qemu => {
            images_in(&args.data_dir).map_err(|fault| Failure::new(fault, ""))?
        }
    };
    let pool = pool(args)?;
    Ok(Host {
        name: args.name.clone(),
        zone: args.zone.clone(),
        boot_id: boot_id(),
        // Higher than that of an earlier host of this name, which was removed: what worked for that
        // one is in no term of this.
        epoch: Clock::default().now().0,
        server: server.to_owned(),
        capacity: HostResources {
            processors: args.processors.unwrap_or_else(args::processors_here),
            memory_mib: args.memory.map_or_else(args::memory_here_mib, args::mib),
            disk_slots: args.disk_slots,
        },
        overcommit: Overcommit {
            processors_percent: args.overcommit_processors,
            memory_percent: args.overcommit_memory,
        },
        storage: if pool.is_some() { HostStorage::Rbd } else { HostStorage::Directory },
        pool,
        hypervisor: args.hypervisor.into(),
        images,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        admission: HostAdmission::Open,
        unknown: UnknownFields::default(),
    })
}

/// The pool that the options choose; none if disks are in the directory.
fn pool(args: &HostArgs) -> Result<Option<HostPool>, Failure> {
    let StoragePlace::Rbd(options) = &args.storage else { return Ok(None) };
    let cluster =
        Rbd::cluster_of(options).map_err(|fault| Failure::new(fault, "See docs/ceph.md."))?;
    // A Ceph that does not answer is waited for: the guests of the host run on.
    let mut addresses = args.storage_address.clone();
    if cluster.is_some() {
        let seen = Rbd::address_of(options, IdGenerator::from_entropy().random())
            .map_err(|fault| Failure::new(fault, "See docs/ceph.md."))?;
        if !addresses.contains(&seen) {
            addresses.push(seen);
        }
    }
    let (cluster, user) = (cluster.unwrap_or_default(), options.user.clone());
    let key = key_fingerprint(&args.storage)?;
    Ok(Some(HostPool { cluster, name: options.pool.clone(), user, key, addresses }))
}

/// Refuses disks in Ceph without machines, and a directory whose disks are in another place.
fn check_storage(args: &HostArgs) -> Result<(), Failure> {
    let (storage, place) = (&args.storage, args.data_dir.display());
    if args.hypervisor != HostHypervisorChoice::Qemu {
        return match storage {
            StoragePlace::Directory => Ok(()),
            StoragePlace::Rbd(_) => {
                let what = "simulated disks have no bytes that could be in Ceph";
                Err(Failure::usage(what, "Add --hypervisor qemu, or leave --storage out."))
            }
        };
    }
    let has_state = name_in(&args.data_dir)?.is_some();
    let claimed = storage.claim(&args.data_dir, has_state);
    let claimed =
        claimed.map_err(|error| Failure::new(format!("cannot use {place}: {error}"), ""))?;
    claimed.map_err(|found| {
        let what = format!("the disks of {place} are in --storage {found}");
        Failure::new(what, "Use that, or another --data-dir.")
    })
}

fn check_zone(args: &HostArgs) -> Result<(), Failure> {
    let inventory = crate::inventory::load(args.inventory.as_deref())
        .map_err(|error| Failure::new(error, "See docs/inventory.md for the format."))?;
    if inventory.zone(&args.zone).is_some() {
        return Ok(());
    }
    let what = format!("there is no zone {}", args.zone);
    Err(Failure::usage(what, "Name one that the servers offer, such as cn-hangzhou-b."))
}

/// Refuses a directory of a server, or of another host.
fn check_directory(directory: &Path, name: &str) -> Result<(), Failure> {
    let place = directory.display();
    let hint = "Name another --data-dir: a host has its own.";
    match name_in(directory)? {
        Some(known) if known == name => Ok(()),
        Some(known) => Err(Failure::new(format!("{place} is the directory of {known}"), hint)),
        None if postgres::is_used_by(directory) || directory.join(STORE).exists() => {
            Err(Failure::new(format!("{place} is the directory of a server"), hint))
        }
        None => Ok(()),
    }
}

/// The name of the host whose directory this is; none if it is none.
pub(super) fn name_in(directory: &Path) -> Result<Option<String>, Failure> {
    let path = directory.join(HOST_NAME);
    let read = private_file::read(&path, LONGEST_NAME)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display()), ""))?;
    Ok(read.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Makes a directory that this process alone has open the host's own. The name of the host comes
/// before all else, so that a host that is killed here finds its directory again.
fn claim_directory(directory: &Path, name: &str) -> Result<(), StoreError> {
    check_directory(directory, name)
        .map_err(|failure| StoreError::Unfit { found: failure.message, remedy: failure.hint })?;
    let path = directory.join(HOST_NAME);
    private_file::replace(&path, format!("{name}\n").as_bytes())
        .map_err(|error| StoreError::Engine(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_belongs_to_a_host_from_its_first_file_on() {
        let new = tempfile::tempdir().unwrap();
        claim_directory(new.path(), "host-a").unwrap();
        assert_eq!(name_in(new.path()).unwrap().as_deref(), Some("host-a"));
        let files = std::fs::read_dir(new.path()).unwrap().count();
        assert_eq!(files, 1, "it may be killed here");
        claim_directory(new.path(), "host-a").unwrap();
        let other = claim_directory(new.path(), "host-b");
        assert!(matches!(other, Err(StoreError::Unfit { .. })), "{other:?}");
        let of_server = tempfile::tempdir().unwrap();
        std::fs::write(of_server.path().join("server-name"), "server-1\n").unwrap();
        let refused = claim_directory(of_server.path(), "host-a");
        assert!(matches!(refused, Err(StoreError::Unfit { .. })), "{refused:?}");
    }
}
