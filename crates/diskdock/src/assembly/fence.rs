//! The fence of a lost host, and the process that stands in for it afterwards.
//!
//! ```text
//!   epoch + 1, fencing -> the storage refuses the host (storage/rbd/fence.rs) -> fenced
//!   -> its instances are Stopped, and what is asked of them is carried out by the stand-in
//! ```
//!
//! Each step may be repeated: a fence that is begun again has an epoch of its own.

mod silence;

use std::sync::Arc;

use domain::host::{FenceRecord, HostAdmission, HostPool, HostStorage};
use domain::{DiskId, Host, HostState, Instance, InstanceId, Uptime};

use super::host::HostAssembly;
use crate::actions::OPERATIONS;
use crate::clock::Clock;
use crate::hypervisor::{FencedHost, Hypervisor};
use crate::operations::{HostTasks, Runner};
use crate::store::{AttachedDisks, HostTerm, ReadTx, Store, StoreError, WriteTx, owner_of_host};

pub use silence::{LostHost, SilenceSeen, SilenceWatch};

/// The user of Ceph that its own tools are.
const ADMINISTRATOR: &str = "admin";
/// Instances that are looked up in one read.
const PAGE: u32 = 256;

/// A host that is being fenced.
#[derive(Debug)]
pub struct Fencing {
    /// The epoch in which it is fenced. Its own processes write nothing any more.
    pub term: HostTerm,
    /// The pool, and as whom the host works there.
    pub pool: HostPool,
    /// The disks that its guests may write to.
    pub disks: Vec<DiskId>,
}

/// The pool of a host that can be fenced. Refused as [`begin`] is; changes nothing.
pub async fn pool_of(store: &Store, name: &str) -> Result<HostPool, StoreError> {
    let wanted = name.to_owned();
    let Some(found) = store.read(move |tx| tx.host(&wanted)).await? else {
        return unknown(name);
    };
    fit(&found.host, found.host.state(found.heard_ms_ago))
}

fn unknown<T>(name: &str) -> Result<T, StoreError> {
    unfit(format!("there is no host {name}"), "`diskdock hosts` lists them")
}

/// Begins to fence a host: its processes write nothing to the store any more, and it cannot
/// register again. Refused where its storage cannot refuse it, and while it is heard of; and one
/// that was `seen` as lost, if it is not as it was seen any more.
pub async fn begin(
    store: &Store,
    name: &str,
    seen: Option<&LostHost>,
) -> Result<Fencing, StoreError> {
    let (wanted, seen) = (name.to_owned(), seen.cloned());
    let write = move |tx: &mut dyn WriteTx| {
        let Some(found) = tx.host(&wanted)? else {
            return unknown(&wanted);
        };
        if seen.as_ref().is_some_and(|seen| !seen.is(&found.host)) {
            let what = format!("{wanted} has changed since it was seen silent");
            return unfit(what, "Look at `diskdock hosts`");
        }
        let state = found.host.state(found.heard_ms_ago);
        let mut host = found.host;
        let pool = fit(&host, state)?;
        for other in tx.hosts()?.iter().filter(|one| one.host.name != wanted) {
            check_alone(&pool, &other.host)?;
        }
        host.epoch = host.epoch.saturating_add(1);
        if host.admission != HostAdmission::Fenced {
            host.admission = HostAdmission::Fencing;
        }
        tx.save_host(&host)?;
        tx.save_fence(&FenceRecord::of(&host))?;
        Ok((HostTerm { host: host.name, epoch: host.epoch }, pool))
    };
    let (term, pool) = store.write(write).await?;
    let disks = disks_of(store, &term.host).await?;
    Ok(Fencing { term, pool, disks })
}

fn unfit<T>(found: String, remedy: &str) -> Result<T, StoreError> {
    Err(StoreError::Unfit { found, remedy: remedy.to_owned() })
}

/// The pool of a host, if that can refuse it.
fn fit(host: &Host, state: HostState) -> Result<HostPool, StoreError> {
    let name = &host.name;
    let pool = host.pool.clone().filter(|_| host.storage == HostStorage::Rbd);
    let Some(pool) = pool else {
        let found = format!("{name} keeps its disks in a directory, which refuses it nothing");
        return unfit(found, "Turn the computer off by hand; its disks stay where they are");
    };
    if pool.addresses.is_empty() || pool.user.is_empty() {
        let found = format!("it is unknown from which addresses {name} works with Ceph");
        return unfit(found, "Turn the computer off by hand, and fence it with Ceph's own tools");
    }
    if pool.user == ADMINISTRATOR {
        let found =
            format!("{name} works with Ceph as client.{ADMINISTRATOR}, which is not only its");
        return unfit(found, "Give each host a key of its own, and start it with that");
    }
    match state {
        HostState::Silent | HostState::Fencing | HostState::Fenced => Ok(pool),
        HostState::Up | HostState::Drained => {
            let found = format!("{name} is still heard of");
            unfit(
                found,
                "Stop its `diskdock host`, or turn the computer off, and wait half a minute",
            )
        }
    }
}

/// Refuses to fence a host together with another one.
fn check_alone(pool: &HostPool, other: &Host) -> Result<(), StoreError> {
    let Some(theirs) = &other.pool else { return Ok(()) };
    let name = &other.name;
    if theirs.user == pool.user {
        let found = format!("{name} has the same key, client.{}", pool.user);
        return unfit(found, "Give each host a key of its own, and start it with that");
    }
    match theirs.addresses.iter().find(|address| pool.addresses.contains(address)) {
        Some(address) => unfit(
            format!("{name} works with Ceph from the same address, {address}"),
            "Give each host an address of its own, and start it again",
        ),
        None => Ok(()),
    }
}

/// The disks of all instances on a host.
async fn disks_of(store: &Store, host: &str) -> Result<Vec<DiskId>, StoreError> {
    let mut disks = Vec::new();
    let mut after: Option<InstanceId> = None;
    loop {
        let (begins, host) = (after.take(), host.to_owned());
        let read =
            move |tx: &dyn ReadTx| tx.instances_with_disks(Some(&host), begins.as_ref(), PAGE);
        let page: Vec<(Instance, AttachedDisks)> = store.read(read).await?;
        let Some((last, _)) = page.last() else { return Ok(disks) };
        after = Some(last.id.clone());
        let of_page = page.iter().flat_map(|(_, disks)| disks);
        disks.extend(of_page.map(|at| at.disk.clone()));
    }
}

/// Proves that the host is still fenced in this epoch: fails with [`StoreError::LeaseLost`] if
/// somebody else has begun to fence it meanwhile, or it was removed. The lease of the host
/// shows to those who watch it that somebody goes on with the fence.
pub async fn prove(store: &Store, term: &HostTerm) -> Result<(), StoreError> {
    let name = term.host.clone();
    // A write, so that the epoch is the one of its commit.
    let look = move |tx: &mut dyn WriteTx| match tx.host(&name)? {
        Some(found) if found.host.is_fenced() => {
            let owner = owner_of_host(&name);
            let uptime = tx.lease(&owner)?.map_or(Uptime(0), |lease| lease.uptime);
            tx.renew_lease(&owner, uptime)
        }
        Some(_) | None => Err(StoreError::LeaseLost),
    };
    store.in_term(term.clone()).write(look).await
}

/// The storage refuses the host: written down. Fails with [`StoreError::LeaseLost`] if somebody
/// else has begun to fence it meanwhile.
pub async fn complete(store: &Store, term: &HostTerm) -> Result<(), StoreError> {
    let name = term.host.clone();
    let write = move |tx: &mut dyn WriteTx| {
        let Some(mut found) = tx.host(&name)? else { return Err(StoreError::LeaseLost) };
        found.host.admission = HostAdmission::Fenced;
        tx.save_host(&found.host)
    };
    store.in_term(term.clone()).write(write).await
}

/// The work of a fenced host: its instances become Stopped, its disks can be detached, and nothing
/// begins there.
pub async fn stand_in(store: &Store, term: HostTerm) -> Result<HostAssembly, StoreError> {
    let (owner, clock) = (owner_of_host(&term.host), Clock::default());
    if let Some(lease) = store.read(move |tx| tx.lease(&owner)).await? {
        clock.go_on_from(lease.uptime);
    }
    let (store, clock) = (Arc::new(store.in_term(term.clone())), Arc::new(clock));
    let hypervisor: Arc<dyn Hypervisor> = Arc::new(FencedHost::default());
    let (of_store, of_clock) = (Arc::clone(&store), Arc::clone(&clock));
    let runner = Arc::new(Runner::new(of_store, Arc::clone(&hypervisor), of_clock, OPERATIONS));
    let tasks = HostTasks::new(&store, &clock, &hypervisor, &runner, term, Vec::new());
    Ok(HostAssembly { store, hypervisor, simulated: None, runner, clock, tasks })
}
