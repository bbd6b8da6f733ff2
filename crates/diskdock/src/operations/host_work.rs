//! Operations on their way to a host: to that of the instance that they are about, or to the one
//! that has the bytes of their disk. Operations about neither are a server's own.

use std::sync::Arc;

use domain::host::HostStorage;
use domain::{HostState, SnapshotId, Uptime};

use super::{NewOperation, Outcome, Runner, Subject};
use crate::store::{EntityReads, HostRecord, HostTerm, ReadTx, StoreError, WriteTx, owner_of_host};

/// The end of the counted time of an operation that no host has taken yet: none is counted.
const NOT_TAKEN: Uptime = Uptime(i64::MAX);

/// Operations that a host takes in one transaction.
const TAKEN_BATCH: u32 = 256;

impl Runner {
    /// In a process of a host: takes the operations that wait for it, and answers the questions.
    /// Gives how many operations that was. It costs one look at the store if nothing waits.
    pub async fn take_work(self: &Arc<Self>) -> Result<usize, StoreError> {
        let Some(host) = self.store.term().map(|term| term.host.clone()) else { return Ok(0) };
        let mut taken = 0;
        loop {
            let of = host.clone();
            if !self.store.read(move |tx| tx.has_work(&of)).await? {
                return Ok(taken);
            }
            self.answer_questions(&host).await?;
            let (of, now) = (host.clone(), self.clock.uptime());
            let take = move |tx: &mut dyn WriteTx| {
                let mut rows = tx.take_work(&of, TAKEN_BATCH)?;
                for row in &mut rows {
                    row.time_used.until = now;
                    tx.save_operation(row)?;
                }
                Ok(rows)
            };
            taken += self.recover_found(take).await?.1;
        }
    }
}

/// The one that has to carry out an operation.
#[derive(Debug, PartialEq, Eq)]
enum Executor {
    /// A server.
    Server,
    /// This host.
    Host(String),
    /// No one: this host had the bytes, it is gone, and no other one has them.
    Gone(String),
}

impl NewOperation {
    /// Begins the operation in this transaction. Gives it back if this server is to carry it out;
    /// otherwise, where machines are `on_hosts`, it waits for its host. One that no host can carry
    /// out any more fails here and now.
    pub(crate) fn begin(
        mut self,
        tx: &mut dyn WriteTx,
        on_hosts: bool,
    ) -> Result<Option<NewOperation>, StoreError> {
        let executor = match on_hosts {
            true => executor(&*tx, &self.operation.subject())?,
            false => Executor::Server,
        };
        if let Executor::Host(host) = &executor
            && self.row.instance.is_none()
        {
            keep(tx, host)?;
        }
        match executor {
            Executor::Server => {
                tx.begin_operation(&self.row)?;
                Ok(Some(self))
            }
            Executor::Host(host) => {
                if let Some(snapshot) = self.operation.subject().snapshot {
                    follow_bytes(tx, &snapshot, &host)?;
                }
                self.row.lease_owner = owner_of_host(&host);
                self.row.time_used.until = NOT_TAKEN;
                tx.begin_operation(&self.row)?;
                tx.queue_work(&host, self.row.id)?;
                Ok(None)
            }
            Executor::Gone(host) => {
                let reason = format!("{host} had the bytes, and it was removed");
                tx.begin_operation(&self.row)?;
                self.row.last_event.clone_from(&reason);
                tx.fail_operation(&self.row)?;
                let now = self.row.created_at;
                self.operation.finish(&Outcome::Failed(reason), tx, now)?;
                Ok(None)
            }
        }
    }
}

/// The host that takes a snapshot of a free disk has its bytes from now on: an attach to another
/// host waits for it.
fn follow_bytes(tx: &mut dyn WriteTx, snapshot: &SnapshotId, host: &str) -> Result<(), StoreError> {
    let Some(snapshot) = tx.look_at(snapshot)? else { return Ok(()) };
    let Some(mut disk) = tx.disk(&snapshot.disk)? else { return Ok(()) };
    if !disk.attachments.is_empty() || disk.host.is_empty() || disk.host == host {
        return Ok(());
    }
    host.clone_into(&mut disk.host);
    tx.save_disk(&disk)
}

/// Keeps a host from being removed until the commit: an instance of its would keep it as well.
fn keep(tx: &mut dyn WriteTx, host: &str) -> Result<(), StoreError> {
    let hosts = tx.hosts()?;
    let found = hosts.into_iter().find(|one| one.host.name == host).map(|one| one.host);
    let term = found.map(|host| HostTerm { host: host.name, epoch: host.epoch });
    match term.map(|term| tx.hold_term(&term)) {
        Some(Ok(())) => Ok(()),
        // It was removed, or registered again, just now: decided again, all is as it is then.
        None | Some(Err(StoreError::LeaseLost)) => Err(StoreError::Conflict),
        Some(Err(fault)) => Err(fault),
    }
}

/// The one that has to carry out an operation about this. A disk that has no bytes yet is a matter
/// of the store alone, and so of a server.
fn executor(tx: &dyn ReadTx, subject: &Subject) -> Result<Executor, StoreError> {
    if let Some(instance) = &subject.instance {
        let found = tx.look_at(instance)?;
        let host = found.map(|one| one.host.clone()).filter(|host| !host.is_empty());
        return Ok(host.map_or(Executor::Server, Executor::Host));
    }
    let (host, disk) = if let Some(snapshot) = &subject.snapshot {
        let Some(found) = tx.look_at(snapshot)? else { return Ok(Executor::Server) };
        (found.host.clone(), tx.look_at(&found.disk)?)
    } else {
        let Some(disk) = &subject.disk else { return Ok(Executor::Server) };
        let found = tx.look_at(disk)?.filter(|disk| !disk.unmade);
        let Some(found) = found else { return Ok(Executor::Server) };
        (found.host.clone(), Some(found))
    };
    if host.is_empty() {
        return Ok(Executor::Server);
    }
    // A guest there has the disk open. One of another host has nothing to do with it.
    let is_open_there = disk.is_some_and(|disk| !disk.attachments.is_empty() && disk.host == host);
    Ok(if is_open_there { Executor::Host(host) } else { on_bytes(&tx.hosts()?, host) })
}

/// The host that works on bytes that no guest has and this host had last: in Ceph, another one if
/// that is gone or not heard of.
fn on_bytes(hosts: &[HostRecord], had: String) -> Executor {
    let works = |one: &HostRecord| match one.host.state(one.heard_ms_ago) {
        HostState::Up | HostState::Drained => true,
        HostState::Silent | HostState::Fencing | HostState::Fenced => false,
    };
    let own = hosts.iter().find(|one| one.host.name == had);
    if own.is_some_and(works) {
        return Executor::Host(had);
    }
    let in_ceph = || hosts.iter().filter(|one| one.host.storage == HostStorage::Rbd);
    let other = in_ceph().find(|one| works(one)).or_else(|| {
        // It comes back, or is fenced: then the work ends there.
        own.or_else(|| in_ceph().find(|one| !one.host.is_fenced()))
    });
    other.map_or(Executor::Gone(had), |one| Executor::Host(one.host.name.clone()))
}
