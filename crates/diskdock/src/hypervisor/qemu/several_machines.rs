//! Changes of a disk on all machines that have it at once: a larger size, and bytes that lost their
//! name and are given back.
//!
//! A multi-attach disk is on several. All of them are locked meanwhile, in the order of their ids,
//! so that none of them opens or closes the disk behind our back.

use std::sync::Arc;

use domain::{DiskId, InstanceId};
use qmp::commands::BlockResize;
use tokio::sync::MutexGuard;

use super::machine::{Machine, State, devices, nodes, transient};
use super::record::Plugged;
use super::volumes::{done, retry_if_transient};
use super::{Qemu, object_names};
use crate::hypervisor::{AttachmentId, DiskSpec, Progress, TransientError};
use crate::storage::{GIB, Opened, Volumes};

/// A machine that is on and has a disk on its record.
struct Having<'m> {
    machine: &'m Machine,
    client: qmp::Client,
    at: Plugged,
    /// The name of device and block node.
    name: String,
}

impl Qemu {
    /// Makes a disk larger, never smaller.
    pub(super) async fn advance_resize(
        &self,
        spec: &DiskSpec,
        on: &[InstanceId],
    ) -> Result<Progress, TransientError> {
        let wanted = u64::from(spec.size_gib) * GIB;
        let bytes = match self.find(&spec.disk).await? {
            Ok(volume) => volume.opened.bytes,
            Err(reason) => return Ok(Progress::Failed(reason)),
        };
        // Of several machines, some may have been told of the new size and others not.
        if bytes >= wanted && on.len() < 2 {
            return self.make_volume_durable(&spec.disk).await;
        }
        let machines = self.in_order(on)?;
        let mut states = lock_all(&machines).await;
        let mut open = Vec::new();
        for having in self.having(&machines, &mut states, &spec.disk).await? {
            if nodes(&having.client).await?.contains(&having.name) {
                open.push(having);
            }
        }
        let Some(first) = open.first() else { return self.resize_closed(spec).await };
        let opened = first.at.opened.clone();
        let handle = match self.open_for_sync(&spec.disk, opened).await {
            Ok(handle) => handle,
            Err(error) => return retry_if_transient(error),
        };
        for having in &open {
            if let Err(reason) = resize_in(having, wanted.max(bytes)).await? {
                return Ok(Progress::Failed(reason));
            }
        }
        self.sync_volume(handle).await.map_or_else(retry_if_transient, done)
    }

    /// Makes a disk larger that no machine has open.
    async fn resize_closed(&self, spec: &DiskSpec) -> Result<Progress, TransientError> {
        let spec = spec.clone();
        let resize = move |volumes: &dyn Volumes| volumes.resize(&spec.disk, spec.size_gib);
        self.with_volumes(resize).await.map_or_else(retry_if_transient, done)
    }

    /// Copies what QEMU still has open back under the disk's name. Every guest must have let go of
    /// the device, since it could write meanwhile.
    pub(super) async fn restore_volume(
        &self,
        disk: &DiskId,
        on: &[InstanceId],
    ) -> Result<Progress, TransientError> {
        let failed = |reason: &str| Ok(Progress::Failed(reason.to_owned()));
        if on.is_empty() {
            return failed("no instance has the disk");
        }
        let machines = self.in_order(on)?;
        let mut states = lock_all(&machines).await;
        let found = self.having(&machines, &mut states, disk).await?;
        if found.is_empty() {
            return failed("its virtual machine is off, so nothing has its bytes open any more");
        }
        for having in &found {
            if devices(&having.client).await?.contains(&having.name) {
                return failed("its guest can still write to it; detach it first");
            }
        }
        let opened = found.iter().find_map(|having| Some((having.at.opened.clone()?, having)));
        let Some((opened, having)) = opened else {
            return failed("it is not known which bytes its virtual machine has open");
        };
        let Some(process) = having.machine.process().await.map(|process| process.id) else {
            return failed("the process of its virtual machine cannot be found");
        };
        drop(found);
        self.restore_from(disk, opened, process, &machines, &mut states).await
    }

    async fn restore_from(
        &self,
        disk: &DiskId,
        opened: Opened,
        process: u32,
        machines: &[Arc<Machine>],
        states: &mut [MutexGuard<'_, State>],
    ) -> Result<Progress, TransientError> {
        let wanted = disk.clone();
        let restore = move |volumes: &dyn Volumes| volumes.restore(&wanted, &opened, process);
        if let Err(error) = self.with_volumes(restore).await {
            return Ok(Progress::Failed(error.to_string()));
        }
        for (machine, state) in machines.iter().zip(states) {
            if machine.record(state).await?.is_some() {
                machine.change(state, |record| record.set_opened(disk, None)).await?;
            }
        }
        tracing::warn!(%disk, "a deleted disk is restored from the file that QEMU has open");
        Ok(Progress::Done)
    }

    /// The machines of these instances, each once, in the order in which they are locked.
    fn in_order(&self, on: &[InstanceId]) -> Result<Vec<Arc<Machine>>, TransientError> {
        let mut on = on.to_vec();
        on.sort_unstable();
        on.dedup();
        on.iter().map(|instance| self.machine(instance)).collect()
    }

    /// The machines, of these, that are on and have the disk.
    async fn having<'m>(
        &self,
        machines: &'m [Arc<Machine>],
        states: &mut [MutexGuard<'_, State>],
        disk: &DiskId,
    ) -> Result<Vec<Having<'m>>, TransientError> {
        let mut found = Vec::new();
        for (machine, state) in machines.iter().zip(states) {
            let client = self.client(machine, state).await?;
            let at = machine.record(state).await?.and_then(|known| known.of_disk(disk)).cloned();
            let (Some(client), Some(at)) = (client, at) else { continue };
            let (instance, generation) = (machine.id.clone(), at.generation);
            let attachment = AttachmentId { instance, disk: disk.clone(), generation };
            let name = object_names::of_device(&attachment)?;
            found.push(Having { machine, client, at, name });
        }
        Ok(found)
    }
}

async fn lock_all(machines: &[Arc<Machine>]) -> Vec<MutexGuard<'_, State>> {
    let mut states = Vec::new();
    for machine in machines {
        states.push(machine.state.lock().await);
    }
    states
}

/// Tells a machine of the new size; the inner error is why it does not take it.
async fn resize_in(having: &Having<'_>, size: u64) -> Result<Result<(), String>, TransientError> {
    let node_name = having.name.clone();
    match having.client.execute(BlockResize { node_name, size }).await {
        Ok(_) => Ok(Ok(())),
        Err(qmp::Error::Refused { description, .. }) => {
            Ok(Err(format!("QEMU refused to resize the disk: {description}")))
        }
        Err(other) => Err(transient(other)),
    }
}
