//! Puts the process of a host together: a driver and a runner that take the host's operations from
//! the store. It serves no calls.

mod after_fence;
mod images;

use std::path::PathBuf;
use std::sync::Arc;

use domain::Host;
use domain::host::{HostPool, HostStorage};

use super::RealMachines;
use super::driver::open_qemu;
use super::periodic_tasks::{keep_reserve, measure_disks};
use crate::actions::OPERATIONS;
use crate::clock::Clock;
use crate::hypervisor::{Hypervisor, Pace, Simulated};
use crate::operations::{HostTasks, Runner};
use crate::store::{HostTerm, Store, StoreError, WriteTx, owner_of_host};

use after_fence::still_fenced;

pub(crate) use after_fence::check_fences;
pub(crate) use images::images_in;

/// The machines of a host.
pub enum HostMachines {
    /// None: instances are simulated at this pace.
    Simulated(Pace),
    /// QEMU virtual machines.
    Real {
        /// Their configuration.
        real: Box<RealMachines>,
        /// The data directory of the host.
        directory: PathBuf,
    },
}

/// The process of a host, before it runs.
pub struct HostAssembly {
    /// The store, whose writes carry the host's epoch.
    pub store: Arc<Store>,
    /// The hypervisor.
    pub hypervisor: Arc<dyn Hypervisor>,
    /// The simulated hypervisor, if it is that one.
    pub simulated: Option<Arc<Simulated>>,
    /// The operations of the host.
    pub runner: Arc<Runner>,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The work of the host.
    pub tasks: HostTasks,
}

impl HostAssembly {
    /// Registers a host, and puts its process together. From then on, an earlier process of the
    /// host writes nothing any more. Refused if the name belongs to another data directory, the
    /// host lies in another zone or has another hypervisor or storage now, it is fenced, or it is a
    /// new one whose boot or key was fenced.
    pub async fn register(
        store: &Store,
        host: Host,
        clock: Clock,
        machines: HostMachines,
    ) -> Result<HostAssembly, StoreError> {
        let term = register(store, host).await?;
        let owner = owner_of_host(&term.host);
        let lease = store.read(move |tx| tx.lease(&owner)).await?;
        if let Some(lease) = lease {
            clock.go_on_from(lease.uptime);
        }
        let (store, clock) = (Arc::new(store.in_term(term.clone())), Arc::new(clock));
        let mut others = Vec::new();
        let (hypervisor, simulated): (Arc<dyn Hypervisor>, _) = match machines {
            HostMachines::Simulated(pace) => {
                let simulated = Arc::new(Simulated::new(pace));
                (Arc::<Simulated>::clone(&simulated), Some(simulated))
            }
            HostMachines::Real { real, directory } => {
                let qemu = open_qemu(*real, &directory);
                let qemu = qemu.map_err(|fault| StoreError::Engine(fault.to_string()))?;
                let hypervisor: Arc<dyn Hypervisor> = qemu;
                others.push(measure_disks(&hypervisor, &clock));
                others.push(images::publish(&store, directory.clone()));
                others.push(keep_reserve(directory));
                (hypervisor, None)
            }
        };
        let (of_store, of_clock) = (Arc::clone(&store), Arc::clone(&clock));
        let runner = Runner::new(of_store, Arc::clone(&hypervisor), of_clock, OPERATIONS);
        let runner = Arc::new(runner);
        let tasks = HostTasks::new(&store, &clock, &hypervisor, &runner, term, others);
        Ok(HostAssembly { store, hypervisor, simulated, runner, clock, tasks })
    }
}

/// Writes the host down, in an epoch of its own.
async fn register(store: &Store, host: Host) -> Result<HostTerm, StoreError> {
    let write = move |tx: &mut dyn WriteTx| {
        let mut host = host.clone();
        let key = host.pool.as_ref().map_or("", |pool| &pool.key);
        check_fences(&*tx, &host.name, &host.boot_id, key)?;
        let found = tx.host(&host.name)?;
        know_cluster(&mut host, found.as_ref().map(|found| &found.host))?;
        for other in tx.hosts()?.iter().filter(|one| one.host.name != host.name) {
            check_hypervisor(&other.host, &host)?;
            check_storage(&other.host, &host)?;
        }
        if let Some(found) = found {
            let before = found.host;
            check(&before, &host)?;
            if !found.placed.is_empty() {
                check_hypervisor(&before, &host)?;
                check_storage(&before, &host)?;
            }
            host.epoch = before.epoch.saturating_add(1);
            if before.boot_id == host.boot_id
                && let (Some(pool), Some(known)) = (&mut host.pool, &before.pool)
            {
                keep_addresses(pool, known);
            }
            host.admission = before.admission;
            host.unknown = before.unknown;
        }
        tx.save_host(&host)?;
        tx.heard_of_host(&host.name)?;
        Ok(HostTerm { host: host.name, epoch: host.epoch })
    };
    store.write(write).await
}

/// Refuses a host that is not the one that is known by its name.
fn check(before: &Host, now: &Host) -> Result<(), StoreError> {
    let name = &before.name;
    let unfit =
        |found: String, remedy: &str| Err(StoreError::Unfit { found, remedy: remedy.to_owned() });
    if before.is_fenced() {
        return Err(still_fenced(before));
    }
    if before.server != now.server {
        let found = format!("another data directory is that of {name}");
        return unfit(found, "Name that one, use another --name, or `diskdock hosts remove` first");
    }
    if before.zone != now.zone {
        let found = format!("{name} is in {}, and its instances too", before.zone);
        return unfit(found, "Start it with that --zone");
    }
    Ok(())
}

/// Refuses a host whose instances would not be like those of the others: servers tell callers the
/// same of all.
fn check_hypervisor(other: &Host, now: &Host) -> Result<(), StoreError> {
    if other.hypervisor == now.hypervisor {
        return Ok(());
    }
    let (name, has) = (&other.name, other.hypervisor.as_str());
    Err(StoreError::Unfit {
        found: format!("the instances of {name} are of --hypervisor {has}"),
        remedy: "Start it with that, as all hosts of a database, or use another database"
            .to_owned(),
    })
}

/// Adds the addresses that were known before: a guest that runs on works with Ceph from the one
/// that it began with.
fn keep_addresses(pool: &mut HostPool, before: &HostPool) {
    for address in &before.addresses {
        if !pool.addresses.contains(address) {
            pool.addresses.push(*address);
        }
    }
}

/// Takes over which cluster the pool of a host is in, if that does not answer now. Refuses a host
/// that never knew.
fn know_cluster(host: &mut Host, before: Option<&Host>) -> Result<(), StoreError> {
    let Some(pool) = host.pool.as_mut().filter(|pool| pool.cluster.is_empty()) else {
        return Ok(());
    };
    let known = before.and_then(|before| before.pool.as_ref());
    if let Some(known) = known.filter(|known| known.name == pool.name) {
        pool.cluster.clone_from(&known.cluster);
        keep_addresses(pool, known);
        return Ok(());
    }
    Err(StoreError::Unfit {
        found: format!("Ceph does not answer, so that it is unknown whose pool {} is", pool.name),
        remedy: "Look at its monitors, and start the host again".to_owned(),
    })
}

/// Refuses a host whose disks would not be there for the others, where those of the others are:
/// servers tell callers the same of all.
fn check_storage(other: &Host, now: &Host) -> Result<(), StoreError> {
    let fits = match (&other.pool, &now.pool) {
        (Some(other), Some(now)) => other.is_that_of(now),
        (other, now) => other.is_none() && now.is_none(),
    };
    if other.storage == now.storage && fits {
        return Ok(());
    }
    let place = match (&other.storage, &other.pool) {
        (HostStorage::Rbd, Some(pool)) => {
            format!("the pool {} of the Ceph cluster {}", pool.name, pool.cluster)
        }
        (HostStorage::Rbd | HostStorage::Directory, _) => "directories".to_owned(),
    };
    Err(StoreError::Unfit {
        found: format!("the disks of {} are in {place}", other.name),
        remedy: "Start it with a --storage there, as all hosts of a database, or use another \
                 database"
            .to_owned(),
    })
}

/// The boot that this computer is in; empty where it cannot be told.
pub fn boot_id() -> String {
    let read = std::fs::read_to_string(PathBuf::from("/proc/sys/kernel/random/boot_id"));
    read.map(|text| text.trim().to_owned()).unwrap_or_default()
}
