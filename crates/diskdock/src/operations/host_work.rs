//! Operations on their way to a host: to that of the instance that they are about, or to the one
//! that has the bytes of their disk. Operations about neither are a server's own.

use std::sync::Arc;

use domain::host::HostStorage;
use domain::{HostState, Uptime};

use super::{NewOperation, Runner, Subject};
use crate::store::{EntityReads, HostRecord, ReadTx, StoreError, WriteTx, owner_of_host};

/// The end of the counted time of an operation that no host has taken yet: none is counted.
const NOT_TAKEN: Uptime = Uptime(i64::MAX);

/// Operations that a host takes in one transaction.
const TAKEN_BATCH: u32 = 256;

impl Runner {
    /// In a process of a host: takes the operations that wait for it. Gives how many that was. It
    /// costs one look at an index if there are none.
    pub async fn take_work(self: &Arc<Self>) -> Result<usize, StoreError> {
        let Some(host) = self.store.term().map(|term| term.host.clone()) else { return Ok(0) };
        let mut taken = 0;
        loop {
            let of = host.clone();
            if !self.store.read(move |tx| tx.has_work(&of)).await? {
                return Ok(taken);
            }
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

impl NewOperation {
    /// Begins the operation in this transaction. Gives it back if this server is to carry it out;
    /// otherwise, where machines are `on_hosts`, it waits for its host.
    pub(crate) fn begin(
        mut self,
        tx: &mut dyn WriteTx,
        on_hosts: bool,
    ) -> Result<Option<NewOperation>, StoreError> {
        let host = if on_hosts { host_for(&*tx, &self.operation.subject())? } else { None };
        let Some(host) = host else {
            tx.begin_operation(&self.row)?;
            return Ok(Some(self));
        };
        self.row.lease_owner = owner_of_host(&host);
        self.row.time_used.until = NOT_TAKEN;
        tx.begin_operation(&self.row)?;
        tx.queue_work(&host, self.row.id)?;
        Ok(None)
    }
}

/// The host that has to carry out an operation about this; none if a server does: a disk that has
/// no bytes yet is a matter of the store alone.
fn host_for(tx: &dyn ReadTx, subject: &Subject) -> Result<Option<String>, StoreError> {
    if let Some(instance) = &subject.instance {
        let found = tx.look_at(instance)?;
        return Ok(found.map(|one| one.host.clone()).filter(|host| !host.is_empty()));
    }
    let (host, disk) = if let Some(snapshot) = &subject.snapshot {
        let Some(found) = tx.look_at(snapshot)? else { return Ok(None) };
        (found.host.clone(), tx.look_at(&found.disk)?)
    } else {
        let Some(disk) = &subject.disk else { return Ok(None) };
        let Some(found) = tx.look_at(disk)?.filter(|disk| !disk.unmade) else { return Ok(None) };
        (found.host.clone(), Some(found))
    };
    if host.is_empty() {
        return Ok(None);
    }
    let is_attached = disk.is_some_and(|disk| !disk.attachments.is_empty());
    if is_attached { Ok(Some(host)) } else { heard_of(tx, host).map(Some) }
}

/// The host that works on bytes that no guest has and this host had last: in Ceph, another one if
/// that is gone or not heard of.
fn heard_of(tx: &dyn ReadTx, had: String) -> Result<String, StoreError> {
    let hosts = tx.hosts()?;
    let works = |one: &HostRecord| match one.host.state(one.heard_ms_ago) {
        HostState::Up | HostState::Drained => true,
        HostState::Silent | HostState::Fencing | HostState::Fenced => false,
    };
    if hosts.iter().any(|one| one.host.name == had && works(one)) {
        return Ok(had);
    }
    let other = hosts.iter().find(|one| one.host.storage == HostStorage::Rbd && works(one));
    Ok(other.map_or(had, |one| one.host.name.clone()))
}
