//! Operations that this diskdock cannot carry out: of a kind, or in a state, that it does not know,
//! as after going back a version. They are reported and left alone.

use super::Runner;
use super::reconcile::Difference;
use crate::store::{OperationRow, Store, StoreError};

/// Looks for them among the operations of this server.
pub(crate) async fn unresumable(
    store: &Store,
    runner: &Runner,
) -> Result<Vec<Difference>, StoreError> {
    let rows = store.read(|tx| tx.operations()).await?;
    let own = rows.into_iter().filter(|row| row.lease_owner == store.server());
    Ok(own.filter(|row| !runner.knows(row.id)).filter_map(|row| difference(runner, row)).collect())
}

fn difference(runner: &Runner, row: OperationRow) -> Option<Difference> {
    let reason = runner.restore(&row.kind, &row.state).err()?;
    let OperationRow { id, kind, disk, instance, .. } = row;
    let subject = match &disk {
        Some(disk) => format!("{disk} stays as it is"),
        None => "its resources stay as they are".to_owned(),
    };
    let what = format!(
        "operation {} ({kind}) cannot be resumed: {reason}; {subject} until a version of diskdock \
         that knows it has ended it, so start the later version again",
        id.0
    );
    Some(Difference { instance, what })
}
