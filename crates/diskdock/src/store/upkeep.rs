//! The store beside its transactions: how some writes are queued, what it tells, what it is told,
//! how it ends.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Changes, Engine, HostTerm, Prefetch, Store, StoreError, WriteKind, WriteTx};

impl Store {
    /// Counts the writes of this process.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// See [`Store::write_briefly`]; for a write of which it is known what it is going to look at.
    pub async fn write_briefly_after<T, U, F>(
        &self,
        ahead: Prefetch,
        work: F,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, StoreError>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: FnMut(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        self.queue(work, then, ahead, WriteKind::Brief).await
    }

    /// The same for the progress of an operation, which no caller waits for.
    pub(crate) async fn write_progress<F>(&self, ahead: Prefetch, work: F) -> Result<(), StoreError>
    where
        F: FnMut(&mut dyn WriteTx) -> Result<(), StoreError> + Send + 'static,
    {
        self.queue(work, |()| (), ahead, WriteKind::Progress).await
    }

    /// See [`Engine::fork`].
    pub(crate) fn fork(&self) -> Option<Store> {
        self.engine.fork().map(Store::over)
    }

    /// The same store for a process that works for a host in this term: each write fails with
    /// [`StoreError::LeaseLost`] once the term is over.
    pub fn in_term(&self, term: HostTerm) -> Store {
        let (engine, lists) = (Arc::clone(&self.engine), Arc::clone(&self.lists));
        let changes = Arc::clone(&self.changes);
        Store { engine, lists, changes, term: Some(term) }
    }

    /// The same store outside of any term, for a host that registers again.
    pub fn without_term(&self) -> Store {
        Store {
            engine: Arc::clone(&self.engine),
            lists: Arc::clone(&self.lists),
            changes: Arc::clone(&self.changes),
            term: None,
        }
    }

    /// The term of the host that this process works for; none for a server.
    pub fn term(&self) -> Option<&HostTerm> {
        self.term.as_ref()
    }

    /// The name of the host that this process works for; empty in a server.
    pub(crate) fn host(&self) -> String {
        self.term.as_ref().map(|term| term.host.clone()).unwrap_or_default()
    }

    /// The rows that a write is going to look at; an engine that does not read them ahead is told
    /// none, and they are not even made out.
    pub(crate) fn prefetch(&self, rows: impl FnOnce() -> Prefetch) -> Prefetch {
        if self.engine.reads_ahead() { rows() } else { Prefetch::default() }
    }

    /// Is notified when operations may wait for hosts. Nothing may rely on it.
    pub fn new_work(&self) -> Arc<Notify> {
        self.engine.new_work()
    }

    /// Is notified when another server may have changed the access keys; none if no other can.
    pub fn keys_changed(&self) -> Option<Arc<Notify>> {
        self.engine.keys_changed()
    }

    /// See [`Engine::stopped`].
    pub(crate) fn stopped(&self) -> Option<String> {
        self.engine.stopped()
    }

    /// See [`Engine::note_age`].
    pub async fn note_age(&self) -> Result<(), StoreError> {
        self.elsewhere(|engine| engine.note_age()).await
    }

    /// See [`Engine::fill_columns`].
    pub async fn fill_columns(&self) -> Result<(), StoreError> {
        self.elsewhere(|engine| engine.fill_columns()).await
    }

    /// Ends: does what is queued, refuses the rest; SQLite leaves one file. Errors are
    /// in the log, since it is too late to do anything about it.
    pub async fn close(&self) {
        if let Err(error) = self.elsewhere(|engine| engine.close()).await {
            tracing::error!(%error, "the store was not closed well");
        }
    }

    async fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let engine = Arc::clone(&self.engine);
        let done = tokio::task::spawn_blocking(move || work(engine.as_ref())).await;
        done.unwrap_or_else(|_| Err(StoreError::Engine("the engine panicked".to_owned())))
    }

    /// Sizes worth watching, by name.
    pub fn gauges(&self) -> Vec<(&'static str, i64)> {
        let waiting = i64::try_from(self.lists.waiting()).unwrap_or(i64::MAX);
        let mut gauges = self.engine.gauges();
        let stopped = i64::from(self.stopped().is_some());
        gauges.extend([("store_lists_waiting", waiting), ("store_stopped", stopped)]);
        gauges
    }
}
