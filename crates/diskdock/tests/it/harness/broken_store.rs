//! A store that breaks in the midst of a write, as when a sync fails: the server takes no more
//! writes, and nobody knows whether that last one will be there after the next start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use diskdock::assembly::AssemblyOptions;
use diskdock::store::sqlite::{Durability, Sqlite};
use diskdock::store::{Engine, StoreError, WriteJob, WriteTx};

use super::{TestServer, again, open, plan};

/// The write after which a store breaks.
pub(crate) struct Break {
    /// Writes that still go well.
    pub after: usize,
    /// The directory of the store.
    pub directory: PathBuf,
}

/// A write that is done at two engines, and whose caller is told of the second only.
type Shared = Arc<Mutex<Option<Box<dyn WriteJob>>>>;

/// The write at the engine that nobody hears of.
struct Unheard(Shared);

/// The write at the engine that breaks.
struct Breaking(Shared);

impl WriteJob for Unheard {
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.0.lock().unwrap().as_mut().expect("it has not ended").run(tx)
    }

    fn done(self: Box<Self>, _: Result<(), StoreError>) {}

    fn leave(&mut self) {}
}

impl WriteJob for Breaking {
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.0.lock().unwrap().as_mut().expect("it has not ended").run(tx)?;
        Err(StoreError::Broken("a sync failed on purpose".to_owned()))
    }

    fn done(self: Box<Self>, ended: Result<(), StoreError>) {
        let job = self.0.lock().unwrap().take();
        job.expect("it ends once").done(ended);
    }

    fn leave(&mut self) {}
}

/// Breaks an engine at this write. Gives the directory of a store in which the write is there, as
/// the disk may turn out to have it.
pub(crate) async fn break_at(
    engine: &impl Engine,
    directory: &Path,
    job: Box<dyn WriteJob>,
) -> tempfile::TempDir {
    let job: Shared = Arc::new(Mutex::new(Some(job)));
    let written = copy(directory);
    let other = Sqlite::open(written.path(), Durability::Relaxed).unwrap();
    other.write(Box::new(Unheard(Arc::clone(&job)))).await;
    other.close().unwrap();
    engine.write(Box::new(Breaking(job))).await;
    written
}

fn copy(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = entry.unwrap().path();
        // The index of the log is made anew, as after a crash.
        if file.is_file() && !file.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    copy
}

impl TestServer {
    /// The store breaks at the write after so many more. Nothing happens in PostgreSQL, where an
    /// answer that stays out is another matter.
    pub(crate) fn break_store(&self, after: usize) {
        if self._database.is_none() {
            let directory = self.directory.path().to_owned();
            *self.store_faults.breaks.lock().unwrap() = Some(Break { after, directory });
        }
    }

    /// The store does not break after all. True if it is broken already.
    pub(crate) fn spare_store(&self) -> bool {
        *self.store_faults.breaks.lock().unwrap() = None;
        self.store_faults.written.lock().unwrap().is_some()
    }

    /// Starts the server of a broken store again, after so many milliseconds: the write that broke
    /// it is there, or not.
    pub(crate) async fn start_again(&mut self, is_written: bool, down_ms: i64) {
        let written = self.store_faults.written.lock().unwrap().take().expect("a broken store");
        let directory = if is_written { written } else { copy(self.directory.path()) };
        let now = self.assembly.gateway.services.clock.now().plus_ms(down_ms);
        self.restarts += 1;
        self.assembly = again(|| {
            let plan = plan(directory.path().to_owned(), self.pace, now, self.restarts);
            open(AssemblyOptions { strict: self.strict, ..plan }, &self.store_faults)
        });
        self.directory = directory;
        self.assembly.life.recover().await.unwrap();
        for expected in ["no more writes", "cannot be relied on", "was not closed well"] {
            self.warned(expected);
        }
    }
}
