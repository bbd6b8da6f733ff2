//! Looks at QEMU's counts of reads and writes, so that a call can tell how much a disk is used.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use domain::usage::{DiskUse, MinuteOfUse};
use domain::{DiskId, InstanceId, Moment};
use futures_util::{StreamExt, stream};
use qmp::commands::{BlockStats, DeviceStats, QueryBlockStats};

use super::machine::Machine;
use super::use_record::UseRecord;
use super::{Qemu, object_names};

/// Machines that are looked at at a time, so that one whose monitor is silent delays no others.
const MAX_CONCURRENT: usize = 16;

impl Qemu {
    /// Looks once at the counts of every machine whose monitor is open.
    pub(super) async fn measure_disks(&self, now: Moment) {
        let measured = self.known_machines().into_iter().map(measure_machine);
        let mut measured = stream::iter(measured).buffer_unordered(MAX_CONCURRENT);
        let mut on = HashSet::new();
        while let Some((instance, measured)) = measured.next().await {
            match measured {
                Measured::Off => continue,
                Measured::Busy => {}
                Measured::Counts(counts) => self.use_record().note(&instance, counts, now),
            }
            on.insert(instance);
        }
        self.use_record().forget_old(&on, now);
    }

    /// The use that guests made of a disk in the latest minutes.
    pub(super) fn latest_use_of(&self, disk: &DiskId) -> Vec<MinuteOfUse> {
        self.use_record().of(disk)
    }

    fn use_record(&self) -> MutexGuard<'_, UseRecord> {
        self.disk_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of reading the counters of a machine.
enum Measured {
    /// The machine is off, or nothing is connected to its monitor.
    Off,
    /// Another task works on the machine, or it does not answer: its counts go on, and are there
    /// the next time.
    Busy,
    /// The counts of its devices, with the generations of their attachments.
    Counts(Vec<(DiskId, u64, DiskUse)>),
}

/// Reads the counters of a machine. Nothing waits for it: its lock is not held while QEMU is asked.
async fn measure_machine(machine: Arc<Machine>) -> (InstanceId, Measured) {
    let id = machine.id.clone();
    let client = match machine.state.try_lock() {
        Ok(mut state) => Machine::open_connection(&mut state),
        Err(_) => return (id, Measured::Busy),
    };
    let Some(client) = client else { return (id, Measured::Off) };
    let Ok(counts) = client.execute(QueryBlockStats {}).await else { return (id, Measured::Busy) };
    let of_device = |count: BlockStats| {
        let (disk, generation) = object_names::parse_device(&count.node_name?)?;
        Some((disk, generation, disk_use(&count.stats)))
    };
    (id, Measured::Counts(counts.into_iter().filter_map(of_device).collect()))
}

fn disk_use(stats: &DeviceStats) -> DiskUse {
    DiskUse {
        reads: stats.reads,
        writes: stats.writes,
        read_bytes: stats.read_bytes,
        written_bytes: stats.written_bytes,
        read_ns: stats.read_ns,
        write_ns: stats.write_ns,
    }
}
