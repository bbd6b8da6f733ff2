//! `diskdock host`: the process of one host, which takes the work of its instances from the store.

pub(crate) mod args;

use std::path::Path;

use domain::host::{HostAdmission, HostHypervisor, HostResources, Overcommit};
use domain::{Host, UnknownFields};

use super::hypervisor_args::check_state;
use super::serve::log::{self, LogOptions};
use super::{Failure, output, serve};
use crate::assembly::host::{HostAssembly, HostMachines, boot_id, images_in};
use crate::clock::Clock;
use crate::ids::IdGenerator;
use crate::private_file;
use crate::storage::StoragePlace;
use crate::store::postgres::{self, Postgres, PostgresAddress};
use crate::store::sqlite::STORE;
use crate::store::{Store, StoreError};
use args::{HostArgs, HostHypervisorChoice};

/// The file in the data directory with the name of the host.
pub(super) const HOST_NAME: &str = "host-name";
/// The longest name in that file, in bytes.
const LONGEST_NAME: u64 = 256;

/// Runs the process of a host until it is told to stop, or works for it no more.
pub(crate) async fn run(args: HostArgs) -> Result<(), Failure> {
    let options =
        LogOptions { filter: args.log.as_deref(), quiet: args.quiet, json: args.log_json };
    let _log = log::start(&options)?;
    check_zone(&args)?;
    let directory = &args.data_dir;
    check_directory(directory, &args.name)?;
    check_state(directory, HostHypervisor::from(args.hypervisor).as_str())?;
    let machines = machines(&args)?;
    let hint = "See --store and docs/scale.md.";
    let address = PostgresAddress::new(&args.store, args.store_ca.as_deref())
        .map_err(|error| Failure::usage(error, hint))?;
    let number = IdGenerator::from_entropy().random();
    let claim = || claim_directory(directory, &args.name);
    let engine = Postgres::open_for_host(address, directory, number, &claim)
        .map_err(|fault| Failure::new(format!("cannot open the store: {fault}"), hint))?;
    let store = Store::new(engine);
    let host = host(&args, store.server())?;
    let registered = HostAssembly::register(&store, host, Clock::default(), machines).await;
    let assembly = registered.map_err(|fault| {
        Failure::new(format!("this host cannot register: {fault}"), "See docs/scale.md.")
    })?;
    let stop_requested = serve::stop_requested();
    let name = args.name.clone();
    let ready = move || {
        tracing::info!(host = name, "works");
        // A closed pipe does not end the process.
        let _ = output::print(&format!("host {name} works"));
    };
    let outcome = tokio::select! {
        () = stop_requested => Ok(()),
        () = assembly.tasks.run(ready) => Err(Failure::new(
            format!("{} works in another process now, or was removed", args.name),
            "`diskdock hosts` shows it.",
        )),
    };
    assembly.store.close().await;
    tracing::info!("stopped");
    outcome
}

/// The machines that the options choose.
fn machines(args: &HostArgs) -> Result<HostMachines, Failure> {
    Ok(match args.hypervisor {
        HostHypervisorChoice::Simulated => HostMachines::Simulated(args.pace),
        HostHypervisorChoice::Qemu => HostMachines::Real {
            real: Box::new(args.qemu.real(StoragePlace::Directory)?),
            directory: args.data_dir.clone(),
        },
    })
}

/// The host as it registers.
fn host(args: &HostArgs, server: &str) -> Result<Host, Failure> {
    let images = match args.hypervisor {
        HostHypervisorChoice::Simulated => Vec::new(),
        HostHypervisorChoice::Qemu => {
            images_in(&args.data_dir).map_err(|fault| Failure::new(fault, ""))?
        }
    };
    Ok(Host {
        name: args.name.clone(),
        zone: args.zone.clone(),
        boot_id: boot_id(),
        epoch: 1,
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
        storage: args.storage.into(),
        hypervisor: args.hypervisor.into(),
        images,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        admission: HostAdmission::Open,
        unknown: UnknownFields::default(),
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
