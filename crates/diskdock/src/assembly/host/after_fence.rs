//! The return after a fence: a computer is taken in that was started again, with a new key of the
//! storage. That a host answers says nothing: a guest of before may have slept through its fence.

use domain::Host;
use domain::host::{FenceObstacle, FenceRecord};

use crate::store::{ReadTx, StoreError};

/// Refuses a new host whose boot or key was fenced, under any name. One that is known is another
/// host of the same computer, and not fenced, or its record says so.
pub(crate) fn check_fences(
    tx: &dyn ReadTx,
    name: &str,
    boot_id: &str,
    key: &str,
) -> Result<(), StoreError> {
    if tx.host(name)?.is_some() {
        return Ok(());
    }
    let fences = tx.fences()?;
    let found = fences.iter().find_map(|one| Some((one, one.obstacle(name, boot_id, key)?)));
    match found {
        Some((fence, obstacle)) => Err(refusal(name, fence, obstacle)),
        None => Ok(()),
    }
}

/// Why a host cannot register that is fenced, as its record says.
pub(super) fn still_fenced(host: &Host) -> StoreError {
    let name = &host.name;
    StoreError::Unfit {
        found: format!("{name} is fenced: its guests of before may still run"),
        remedy: format!(
            "Restart the computer, `diskdock hosts remove {name}`, and start it with a new data \
             directory and a new key of Ceph; see docs/scale.md"
        ),
    }
}

fn refusal(name: &str, fence: &FenceRecord, obstacle: FenceObstacle) -> StoreError {
    let FenceRecord { host, epoch, user, .. } = fence;
    let (found, remedy) = match obstacle {
        FenceObstacle::SameBoot => (
            format!(
                "this computer was fenced as {host} in epoch {epoch}, and was not started again \
                 since: guests of before may still run"
            ),
            "Restart the computer, and start the host then".to_owned(),
        ),
        FenceObstacle::UnknownBoot => (
            format!("{name} was fenced, and it cannot be told whether its computer was restarted"),
            "Start the host where /proc/sys/kernel/random/boot_id can be read".to_owned(),
        ),
        FenceObstacle::SameKey => (
            format!("its key of Ceph is that with which {host} was fenced in epoch {epoch}"),
            format!(
                "Make a new one: `ceph auth rm client.{user}`, then `ceph auth get-or-create \
                 client.{user} …`"
            ),
        ),
    };
    StoreError::Unfit { found, remedy }
}
