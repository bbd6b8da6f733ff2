//! Writes of guests that this host could not carry out.
//!
//! QEMU tells the guest of such a failure, and us in an event. Earlier writes of the guest may be
//! lost with it: Linux gives up pages that it could not write out, and the next sync succeeds. So
//! the disk is damaged from then on. Failures while no server listened are found in QEMU's counts,
//! which the record keeps for comparison: damage that an operator has accepted does not come back.

use std::collections::HashMap;

use domain::InstanceId;
use qmp::commands::QueryBlockStats;

use super::Qemu;
use super::machine::{Machine, State, transient};
use super::object_names;
use crate::hypervisor::TransientError;

/// Why such a disk is damaged.
const WHY: &str = "the host failed to carry out writes of its guest, so writes may be lost";

impl Qemu {
    /// QEMU reported that a write to this block node, or a flush of it, failed.
    pub(super) async fn handle_write_failed(
        &self,
        instance: &InstanceId,
        node: &str,
    ) -> Result<(), TransientError> {
        let Some((disk, _)) = object_names::parse_device(node) else { return Ok(()) };
        self.mark_damaged(&disk, WHY).await?;
        let machine = self.machine(instance)?;
        let mut state = machine.state.lock().await;
        if let Some(client) = Machine::open_connection(&mut state) {
            self.see_write_failures(&machine, &mut state, &client).await?;
        }
        drop(state);
        self.emit_event(instance, Some(disk));
        Ok(())
    }

    /// Marks the disks of which more writes have failed than are on the record.
    pub(super) async fn see_write_failures(
        &self,
        machine: &Machine,
        state: &mut State,
        client: &qmp::Client,
    ) -> Result<(), TransientError> {
        let counts = client.execute(QueryBlockStats {}).await.map_err(transient)?;
        let counts = counts.into_iter().filter_map(|count| {
            let (disk, _) = object_names::parse_device(&count.node_name?)?;
            Some((disk, count.stats.failed_writes.saturating_add(count.stats.failed_flushes)))
        });
        let counts: HashMap<_, _> = counts.collect();
        let Some(record) = machine.record(state).await? else { return Ok(()) };
        let more = record
            .disks
            .iter()
            .filter(|at| counts.get(&at.disk).is_some_and(|&failed| failed > at.failed_writes));
        let more: Vec<_> = more.map(|at| at.disk.clone()).collect();
        for disk in more {
            self.mark_damaged(&disk, WHY).await?;
        }
        machine.change(state, |record| record.set_failed_writes(&counts)).await
    }
}
