//! The bytes of disks: made, and made more.

use domain::InstanceId;
use qmp::commands::BlockResize;

use super::machine::{nodes, said};
use super::{Qemu, name};
use crate::hypervisor::{DiskSpec, Progress, Slot, TransientError};
use crate::storage::{GIB, Pool};

impl Qemu {
    pub(super) async fn create_look(&self, spec: &DiskSpec) -> Result<Progress, TransientError> {
        let spec = spec.clone();
        let create =
            move |pool: &Pool| pool.create(&spec.disk, spec.size_gib, spec.image.as_deref());
        match self.with_pool(create).await {
            Ok(()) => Ok(Progress::Done),
            Err(fault) => Ok(Progress::Failed(fault.to_string())),
        }
    }

    /// Makes a disk larger, never smaller. While its machine is looked at it is locked, so that
    /// no QEMU opens the image behind our back.
    pub(super) async fn resize_look(
        &self,
        spec: &DiskSpec,
        on: &[InstanceId],
    ) -> Result<Progress, TransientError> {
        let wanted = u64::from(spec.size_gib) * GIB;
        match self.find(&spec.disk).await {
            Ok(file) if file.bytes >= wanted => {
                self.make_durable(&spec.disk).await?;
                return Ok(Progress::Done);
            }
            Ok(_) => {}
            Err(fault) => return Ok(Progress::Failed(fault)),
        }
        // An image is open in one machine at most.
        let Some(instance) = on.first() else { return self.resize_closed(spec).await };
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        let client = self.client(&machine, &mut state).await?;
        let at = machine.record(&mut state).await?.and_then(|known| known.of_disk(&spec.disk));
        let (Some(client), Some(at)) = (client, at) else { return self.resize_closed(spec).await };
        let (instance, generation) = (instance.clone(), at.generation);
        let slot = Slot { instance, disk: spec.disk.clone(), generation };
        let node_name = name::of_device(&slot)?;
        if !nodes(&client).await?.contains(&node_name) {
            return self.resize_closed(spec).await;
        }
        match client.execute(BlockResize { node_name, size: wanted }).await {
            Ok(_) => {
                self.make_durable(&spec.disk).await?;
                Ok(Progress::Done)
            }
            Err(qmp::Error::Refused { description, .. }) => {
                Ok(Progress::Failed(format!("QEMU refused to resize the disk: {description}")))
            }
            Err(other) => Err(said(other)),
        }
    }

    /// Makes a disk larger that no machine has open.
    async fn resize_closed(&self, spec: &DiskSpec) -> Result<Progress, TransientError> {
        let spec = spec.clone();
        match self.with_pool(move |pool| pool.resize(&spec.disk, spec.size_gib)).await {
            Ok(()) => Ok(Progress::Done),
            Err(fault) => Ok(Progress::Failed(fault.to_string())),
        }
    }
}
