//! The first sync of a volume whose disk is leaving, made while the guest works on letting go.
//!
//! A sync costs milliseconds, and a detach waits for every one that follows the guest's part. The
//! writes that the guest made until it was asked are therefore synced meanwhile; the sync that
//! counts follows when QEMU has closed the volume, through the same open file.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use domain::DiskId;
use tokio::time::{Instant, sleep};

use super::Qemu;
use super::machine::Machine;
use crate::storage::SyncHandle;

/// How long such a sync counts: after that, too much may have been written again. The volume is
/// held open for as long.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// A volume that was opened, and when its sync had ended.
#[derive(Clone)]
struct Synced {
    disk: DiskId,
    handle: Arc<dyn SyncHandle>,
    at: Instant,
}

/// The volume of a machine that was synced last when its guest was asked to let go of it.
#[derive(Default)]
pub(super) struct EarlySync(Mutex<Option<Synced>>);

impl EarlySync {
    fn set(&self, synced: Option<Synced>) -> Option<Synced> {
        let mut kept = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        std::mem::replace(&mut kept, synced)
    }

    /// The volume of this disk, if it was synced a moment ago. It is given away once.
    pub(super) fn take(&self, disk: &DiskId) -> Option<Arc<dyn SyncHandle>> {
        let synced = self.set(None)?;
        let is_it = synced.disk == *disk && synced.at.elapsed() < FRESH_FOR;
        is_it.then_some(synced.handle)
    }

    /// Closes what was synced at that moment, if it is still kept.
    fn expire(&self, at: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        kept.take_if(|synced| synced.at == at);
    }
}

impl Qemu {
    /// Begins to sync the volume of a disk that its guest was just asked to let go of.
    pub(super) fn begin_early_sync(&self, machine: &Arc<Machine>, disk: &DiskId) {
        let (driver, machine) = (Weak::clone(&self.myself), Arc::downgrade(machine));
        let disk = disk.clone();
        tokio::spawn(async move {
            let Some(driver) = driver.upgrade() else { return };
            let Some(handle) = driver.open_and_sync(&disk).await else { return };
            drop(driver);
            let at = Instant::now();
            let Some(kept_at) = machine.upgrade() else { return };
            kept_at.early_sync.set(Some(Synced { disk, handle, at }));
            drop(kept_at);
            sleep(FRESH_FOR).await;
            if let Some(machine) = machine.upgrade() {
                machine.early_sync.expire(at);
            }
        });
    }
}
