//! Limits of what a guest gets out of its disks, which QEMU keeps for each device.
//!
//! A device begins without a limit and loses it with its end, so the driver remembers in memory
//! which device has which: a limit that is there already is not set again. After a restart of the
//! server it knows of none and sets them all, or lifts them all if it is to limit nothing.

use domain::InstanceId;
use domain::performance::Performance;
use qmp::commands::BlockSetIoThrottle;

use super::machine::{Machine, State, devices, transient};
use super::{Qemu, object_names};
use crate::hypervisor::{AttachmentId, DiskLimit, TransientError};

/// Bytes of a megabyte in the vendor's figures.
const BYTES_PER_MB: u64 = 1 << 20;

/// Whether guests are kept to the limits of their disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskThrottle {
    /// Guests get what this host gives.
    #[default]
    Off,
    /// Guests get what the category documents, at most.
    Documented,
}

impl Qemu {
    /// Keeps the guest of an instance to these limits, if it is on.
    pub(super) async fn limit_disks_of(
        &self,
        instance: &InstanceId,
        limits: &[DiskLimit],
    ) -> Result<(), TransientError> {
        if self.config.throttle == DiskThrottle::Off {
            return Ok(());
        }
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        match self.client(&machine, &mut state).await? {
            Some(client) => self.limit_disks_on(&machine, &mut state, &client, limits).await,
            None => Ok(()),
        }
    }

    /// Sets the limits that the devices of a machine do not have yet.
    pub(super) async fn limit_disks_on(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
        limits: &[DiskLimit],
    ) -> Result<(), TransientError> {
        if self.config.throttle == DiskThrottle::Off {
            return Ok(());
        }
        for DiskLimit { disk, performance } in limits {
            let known = machine.record(state).await?.and_then(|record| record.of_disk(disk));
            let Some(at) = known.filter(|at| at.device_added) else { continue };
            let (instance, generation) = (machine.id.clone(), at.generation);
            let attachment = AttachmentId { instance, disk: disk.clone(), generation };
            if state.limits.get(&attachment) == Some(performance) {
                continue;
            }
            if set_limit(client, &attachment, Some(*performance)).await? {
                state.limits.insert(attachment, *performance);
            }
        }
        Ok(())
    }

    /// Sets the limit again that a device had under the same name: it has just been plugged in.
    pub(super) async fn limit_again(
        &self,
        state: &mut State,
        client: &qmp::Client,
        attachment: &AttachmentId,
    ) -> Result<(), TransientError> {
        if let Some(performance) = state.limits.remove(attachment)
            && set_limit(client, attachment, Some(performance)).await?
        {
            state.limits.insert(attachment.clone(), performance);
        }
        Ok(())
    }

    /// Takes away the limits that an earlier server has set, if this one is to set none.
    pub(super) async fn lift_limits(&self, client: &qmp::Client) -> Result<(), TransientError> {
        if self.config.throttle == DiskThrottle::Documented {
            return Ok(());
        }
        // QEMU is not asked which devices have a limit: it would read from their volumes.
        for device in devices(client).await? {
            if object_names::parse_device(&device).is_some() {
                set(client, device, None).await?;
            }
        }
        Ok(())
    }
}

async fn set_limit(
    client: &qmp::Client,
    attachment: &AttachmentId,
    limit: Option<Performance>,
) -> Result<bool, TransientError> {
    set(client, object_names::of_device(attachment)?, limit).await
}

/// Sets or lifts the limit of a device; false if that cannot be done, as when it has left.
async fn set(
    client: &qmp::Client,
    device: String,
    limit: Option<Performance>,
) -> Result<bool, TransientError> {
    match client.execute(throttle(&device, limit)).await {
        Ok(_) => Ok(true),
        Err(qmp::Error::Refused { description, .. }) => {
            if devices(client).await?.contains(&device) {
                tracing::warn!(device, description, "QEMU does not limit a disk");
            }
            Ok(false)
        }
        Err(other) => Err(transient(other)),
    }
}

/// The command that limits a device; without a limit, the one that lifts it. Reads and writes share
/// the limit, as on the cloud.
fn throttle(device: &str, limit: Option<Performance>) -> BlockSetIoThrottle {
    let (iops, megabytes) = limit.map_or((0, 0), |limit| (limit.iops, limit.throughput));
    BlockSetIoThrottle {
        // The disk belongs to the part of the device that does not depend on the bus.
        id: object_names::backend_path(device),
        bps: u64::from(megabytes) * BYTES_PER_MB,
        bps_rd: 0,
        bps_wr: 0,
        iops: u64::from(iops),
        iops_rd: 0,
        iops_wr: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttle_is_for_reads_and_writes_together_and_none_lifts_it() {
        let limit = Performance { iops: 1_960, throughput: 103 };
        let limited = throttle("d-1.1", Some(limit));
        assert_eq!((limited.iops, limited.bps), (1_960, 103 << 20));
        assert_eq!(
            (limited.iops_rd, limited.iops_wr, limited.bps_rd, limited.bps_wr),
            (0, 0, 0, 0)
        );
        assert_eq!(limited.id, "/machine/peripheral/d-1.1/virtio-backend");
        let lifted = throttle("d-1.1", None);
        assert_eq!((lifted.iops, lifted.bps), (0, 0));
    }
}
