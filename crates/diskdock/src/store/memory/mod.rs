//! A store that keeps nothing: in the memory of the process, for `--ephemeral` and for worlds.
//!
//! Its tables are persistent maps: a copy of all of them costs as much as one of an empty store,
//! and shares everything that neither side has changed since. Lists are walked in such a copy, so
//! that no write waits for them, and forks are such copies.

mod host_tables;
mod memory_reads;
mod memory_tx;
mod memory_writes;
mod shared_tables;
mod tables;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;

use super::directory::{lock, make_private_directory};
use super::{Depth, Engine, ReadTx, StoreError, WriteJob};
use memory_tx::MemoryTx;
use shared_tables::SharedTables;
use tables::Tables;

/// Walks over lists that run at a time.
const WALKS: usize = 4;
/// The name of the server in its store, which no other one uses.
const SERVER: &str = "local";

/// The engine that keeps nothing. Clones are the same store.
#[derive(Clone)]
pub struct Memory(Arc<SharedTables>);

impl Memory {
    /// An empty store, beside which other things are kept in this directory: it is made if need
    /// be, and locked for this process.
    pub fn open(directory: &Path) -> Result<Memory, StoreError> {
        Memory::over(Tables::default(), directory)
    }

    /// A copy of the store as it is now, for another directory. They share nothing that either of
    /// them changes.
    pub fn fork(&self, directory: &Path) -> Result<Memory, StoreError> {
        let tables = self.0.tables().clone();
        Memory::over(tables, directory)
    }

    /// An empty store, beside which nothing is kept. It makes no file, which would take longer than
    /// everything else.
    pub fn alone() -> Memory {
        Memory(Arc::new(SharedTables::new(Tables::default(), None)))
    }

    fn over(tables: Tables, directory: &Path) -> Result<Memory, StoreError> {
        make_private_directory(directory)?;
        Ok(Memory(Arc::new(SharedTables::new(tables, Some(lock(directory)?)))))
    }
}

impl Engine for Memory {
    fn read(&self, depth: Depth, work: &mut dyn FnMut(&dyn ReadTx)) -> Result<bool, StoreError> {
        if self.0.is_closed() {
            return Err(StoreError::Unavailable);
        }
        match depth {
            Depth::Rows => {
                let tables = self.0.tables();
                let tx = MemoryTx::reading(&tables, depth);
                work(&tx);
                Ok(!tx.exceeded())
            }
            Depth::Lists => {
                let tables = self.0.tables().clone();
                work(&MemoryTx::reading(&tables, depth));
                Ok(true)
            }
        }
    }

    fn write<'a>(
        &'a self,
        job: Box<dyn WriteJob>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(Arc::clone(&self.0).write(job))
    }

    fn fork(&self) -> Option<Arc<dyn Engine>> {
        let tables = self.0.tables().clone();
        Some(Arc::new(Memory(Arc::new(SharedTables::new(tables, None)))))
    }

    fn server(&self) -> &str {
        SERVER
    }

    fn walks_at_a_time(&self) -> usize {
        WALKS
    }

    fn keys_changed(&self) -> Option<Arc<Notify>> {
        None
    }

    fn stopped(&self) -> Option<String> {
        None
    }

    fn note_age(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        self.0.close();
        Ok(())
    }

    fn gauges(&self) -> Vec<(&'static str, i64)> {
        let waiting = i64::try_from(self.0.writes()).unwrap_or(i64::MAX);
        vec![("store_writes_waiting", waiting)]
    }
}
