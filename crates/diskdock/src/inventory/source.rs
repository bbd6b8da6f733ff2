//! The inventory together with the images that were imported into the data directory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::inventory::{Image, Inventory};

use crate::storage::{Images, StorageError};

/// The source of the inventory: the tables that are fixed at the start, and the imported images.
pub struct InventorySource {
    /// The inventory without imported images.
    fixed: Arc<Inventory>,
    images: Images,
    only_imported: bool,
    seen: Mutex<LastScan>,
}

/// The result of the last scan of imported images.
#[derive(Default, PartialEq, Eq)]
struct LastScan {
    imported: Vec<Image>,
    faults: Vec<String>,
}

impl InventorySource {
    /// A source of this inventory and the imported images. `only_imported` leaves out the images of
    /// the inventory, which have no bytes for a virtual machine.
    pub fn new(fixed: Arc<Inventory>, images: Images, only_imported: bool) -> InventorySource {
        InventorySource { fixed, images, only_imported, seen: Mutex::default() }
    }

    /// The inventory without imported images. It is large: worlds share that of their server.
    pub(crate) fn bare(&self) -> Arc<Inventory> {
        let is_as_listed = self.fixed.images().is_sorted_by(|one, next| one.id < next.id);
        match self.only_imported || !is_as_listed {
            true => Arc::new(self.with(&[])),
            false => Arc::clone(&self.fixed),
        }
    }

    /// The inventory with these images instead of its own.
    pub(crate) fn with_only(&self, images: &[Image]) -> Inventory {
        self.fixed.with_images(images.to_vec())
    }

    /// Scans the imported images. Returns the inventory if they have changed since the last scan.
    /// Unusable images are logged once.
    pub fn scan(&self) -> Result<Option<Inventory>, StorageError> {
        let listing = self.images.list()?;
        let now = LastScan {
            imported: listing.records.iter().map(crate::storage::ImageRecord::offered).collect(),
            faults: listing.faults.iter().map(ToString::to_string).collect(),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.faults != seen.faults {
            for fault in &now.faults {
                tracing::warn!(fault, "an image cannot be used");
            }
        }
        let changed = now.imported != seen.imported;
        *seen = now;
        Ok(changed.then(|| self.with(&seen.imported)))
    }

    /// Scans the imported images on a thread for blocking work. Returns the inventory if it has
    /// changed.
    pub(crate) async fn refresh(
        self: &Arc<Self>,
        hand_over: impl FnOnce(Inventory),
    ) -> Result<(), StorageError> {
        let source = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || source.scan()).await;
        // A scan that panicked has logged the reason; the inventory stays.
        if let Some(inventory) = looked.unwrap_or(Ok(None))? {
            hand_over(inventory);
        }
        Ok(())
    }

    /// Faults of images, as of the last listing.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    fn with(&self, imported: &[Image]) -> Inventory {
        let fixed: &[Image] = if self.only_imported { &[] } else { self.fixed.images() };
        // An imported image has bytes behind it, so that it goes before one of the same id.
        let both = fixed.iter().chain(imported).cloned();
        let images: BTreeMap<String, Image> = both.map(|image| (image.id.clone(), image)).collect();
        self.fixed.with_images(images.into_values().collect())
    }
}
