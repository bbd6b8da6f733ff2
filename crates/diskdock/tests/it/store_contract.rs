//! The contract of the store's engines. A second engine has to pass this unchanged.

mod columns;
pub(crate) mod entities;
pub(crate) mod hosts;
mod lists;
mod memory;
pub(crate) mod operations;
mod postgres;
mod proxy;
pub(crate) mod safety;
mod sqlite;
mod threads;
mod together;
mod transactions;

use std::path::Path;

use diskdock::store::{ReadTx, Store, StoreError, WriteTx};

/// Opens the store in a directory; opening them again finds what was there.
pub(crate) type Open = fn(&Path) -> Store;

/// The whole contract.
pub(crate) async fn contract(open: Open) {
    entities::contract(open).await;
    hosts::contract(open).await;
    lists::contract(open).await;
    operations::contract(open).await;
    transactions::contract(open).await;
}

/// Empty store in a directory of their own.
struct Fresh {
    store: Store,
    directory: tempfile::TempDir,
}

impl Fresh {
    fn new(open: Open) -> Fresh {
        let directory = tempfile::tempdir().unwrap();
        Fresh { store: open(directory.path()), directory }
    }

    /// Closes the store and opens them again.
    fn reopened(self, open: Open) -> Fresh {
        let Fresh { store, directory } = self;
        drop(store);
        Fresh { store: open(directory.path()), directory }
    }

    fn read<T>(&self, work: impl FnMut(&dyn ReadTx) -> Result<T, StoreError>) -> T {
        self.store.read_blocking(work).unwrap()
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(work).await.unwrap()
    }

    async fn refused<T: Send + std::fmt::Debug + 'static>(
        &self,
        work: impl FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreError {
        self.store.write(work).await.unwrap_err()
    }
}
