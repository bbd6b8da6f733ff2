//! A volume opened as a block node of QEMU, with its key if it takes one.
//!
//! QEMU reads the key from its file when it is given the object that holds it, and needs it only
//! while it opens the node: the object is there no longer than that. The monitor hears the path.

use qmp::commands::{BlockdevAdd, ObjectAdd, ObjectDel};

use super::machine::{Machine, State};
use super::record::Plugged;
use super::{Qemu, object_names};
use crate::failpoint;
use crate::hypervisor::{AttachmentId, TransientError};
use crate::storage::{Volume, secret_of};

/// Opens a volume under this name.
pub(super) async fn open_volume(
    client: &qmp::Client,
    volume: &Volume,
    name: &str,
) -> Result<(), qmp::Error> {
    let Some(secret) = volume.secret(name) else {
        return client.execute(BlockdevAdd(volume.block_node(name))).await.map(drop);
    };
    // Of an attempt that was cut off; it may have had another key.
    forget_key(client, name).await?;
    client.execute(ObjectAdd(secret)).await?;
    failpoint::hit("encrypted.key_given");
    let opened = client.execute(BlockdevAdd(volume.block_node(name))).await;
    forget_key(client, name).await?;
    opened.map(drop)
}

/// Has QEMU forget the object with the key of a block node, if there is one.
async fn forget_key(client: &qmp::Client, name: &str) -> Result<(), qmp::Error> {
    match client.execute(ObjectDel { id: secret_of(name) }).await {
        Ok(_) | Err(qmp::Error::Refused { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

impl Qemu {
    /// Has a machine that has just started forget the objects with the keys of its disks, which
    /// are open by now. One that stays does no harm but to be there.
    pub(super) async fn forget_keys(
        &self,
        machine: &Machine,
        state: &mut State,
        with_keys: &[Plugged],
    ) -> Result<(), TransientError> {
        let Some(client) = Machine::open_connection(state) else { return Ok(()) };
        for at in with_keys {
            let (instance, disk) = (machine.id.clone(), at.disk.clone());
            let attachment = AttachmentId { instance, disk, generation: at.generation };
            let name = object_names::of_device(&attachment)?;
            if let Err(error) = forget_key(&client, &name).await {
                tracing::warn!(instance = %machine.id, %error, "cannot take a key back from QEMU");
            }
        }
        Ok(())
    }
}
