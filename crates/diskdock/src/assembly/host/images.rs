//! The images of a host: those that are imported into its data directory. The host writes them down
//! in its record, so that servers list them, and place instances where their image is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::inventory::Image;

use crate::operations::PeriodicTask;
use crate::storage::{ImageRecord, Images, StorageError};
use crate::store::{Store, StoreError, WriteTx};

/// How long the host rests between two looks for imported images.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// The images that are imported into a data directory, by id. Unusable ones are in the log.
pub(crate) fn images_in(directory: &Path) -> Result<Vec<Image>, StorageError> {
    let listing = Images::of(directory).list()?;
    for fault in &listing.faults {
        tracing::debug!(%fault, "an image cannot be used");
    }
    Ok(listing.records.iter().map(ImageRecord::offered).collect())
}

/// Writes down which images there are whenever that has changed. The store is asked only then: what
/// this process has written down stays, since no other one writes it in its term.
pub(super) fn publish(store: &Arc<Store>, directory: PathBuf) -> PeriodicTask {
    let (store, written) = (Arc::clone(store), Arc::<Mutex<Option<Vec<Image>>>>::default());
    PeriodicTask::new("look for imported images", LOOKS_EVERY, move || {
        let (store, directory, written) =
            (Arc::clone(&store), directory.clone(), Arc::clone(&written));
        async move { follow(&store, directory, &written).await }
    })
}

async fn follow(
    store: &Store,
    directory: PathBuf,
    written: &Mutex<Option<Vec<Image>>>,
) -> Result<(), StoreError> {
    let looked = tokio::task::spawn_blocking(move || images_in(&directory)).await;
    // A look that panicked has logged the reason; the record stays.
    let Ok(found) = looked else { return Ok(()) };
    let found = found.map_err(|fault| StoreError::Engine(fault.to_string()))?;
    let written = || written.lock().unwrap_or_else(PoisonError::into_inner);
    if written().as_ref() == Some(&found) {
        return Ok(());
    }
    write_down(store, found.clone()).await?;
    *written() = Some(found);
    Ok(())
}

async fn write_down(store: &Store, images: Vec<Image>) -> Result<(), StoreError> {
    let name = store.host();
    let of = name.clone();
    let known = store.read(move |tx| tx.host(&of)).await?;
    if known.is_none_or(|known| known.host.images == images) {
        return Ok(());
    }
    let save = move |tx: &mut dyn WriteTx| {
        let Some(mut found) = tx.host(&name)? else { return Ok(()) };
        found.host.images.clone_from(&images);
        tx.save_host(&found.host)
    };
    store.write(save).await
}
