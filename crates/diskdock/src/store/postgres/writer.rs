//! The thread that writes.
//!
//! The thread takes the writes that wait, up to a bound, and commits them together; when that
//! fails, each write is run again by itself. One thread commits, so that what is done after a
//! commit is in the order of the commits. Other servers write beside it: a race that is lost is
//! decided again.
//!
//! A batch costs two round trips: one that begins and reads ahead what its writes are going to look
//! at, and one that sends what they change, with the commit. Only what was not foreseen costs more.
//!
//! A commit without an answer is unknown. Each batch has a number, which it writes into the row of
//! this server; after a reconnect that row says whether the batch is there. Reading it waits for
//! the end of the old transaction, which holds it: that it does was answered before the commit was
//! sent.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::super::{Prefetch, StoreError, WriteJob};
use super::command::SqlCommand;
use super::connector::Connector;
use super::postgres_tx::{CallNumbers, PostgresTx, TxAccess};
use super::session::Session;
use super::value::values;

/// Writes that wait at most; then callers wait for a place.
const QUEUE: usize = 4_096;
/// Writes in one commit at most: other servers wait for what these have locked.
const BATCH: usize = 32;
/// How often a write is decided again after a lost race.
const ATTEMPTS: u32 = 8;
/// How long it rests before, the first time.
const REST: Duration = Duration::from_millis(5);
/// How long the thread rests between two questions for a commit without an answer.
const ASKED_EVERY: Duration = Duration::from_millis(300);
/// The key of the lock that writes share, and that one which reads lists has alone.
const LOCK: i64 = 7_310_579_612;

/// A request to the thread.
enum PostgresWriterTask {
    Write(Box<dyn WriteJob>),
    Close,
}

/// A thread that owns the writing connection.
pub(super) struct PostgresWriter {
    tasks: mpsc::Sender<PostgresWriterTask>,
    handle: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl PostgresWriter {
    /// Starts the thread, which makes a connection of its own.
    pub(super) fn start(
        session: &Session,
        connector: Arc<Connector>,
        server: String,
    ) -> Result<PostgresWriter, StoreError> {
        let last =
            session.one("SELECT number FROM commits WHERE server = $1", values![&*server])?;
        let number = last.map_or(0, |row| row.get(0));
        let (tasks, queue) = mpsc::channel(QUEUE);
        let calls = CallNumbers::default();
        let thread =
            PostgresWriterThread { session: None, connector, server, number, calls, queue };
        let handle = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || thread.run())
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(PostgresWriter { tasks, handle: Mutex::new(Some(handle)) })
    }

    pub(super) async fn write(&self, job: Box<dyn WriteJob>) {
        if let Err(mpsc::error::SendError(PostgresWriterTask::Write(job))) =
            self.tasks.send(PostgresWriterTask::Write(job)).await
        {
            job.done(Err(StoreError::Unavailable));
        }
    }

    /// Waits until what was queued is done.
    pub(super) fn close(&self) {
        let Some(handle) = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        // The queue empties within moments; this thread may wait, but not on the runtime.
        while let Err(mpsc::error::TrySendError::Full(_)) =
            self.tasks.try_send(PostgresWriterTask::Close)
        {
            std::thread::yield_now();
        }
        // A thread that panicked has told standard error why.
        let _ = handle.join();
    }

    pub(super) fn waiting(&self) -> usize {
        QUEUE - self.tasks.capacity()
    }
}

/// The thread's state.
struct PostgresWriterThread {
    session: Option<Session>,
    connector: Arc<Connector>,
    server: String,
    /// The number of the last batch.
    number: i64,
    calls: CallNumbers,
    queue: mpsc::Receiver<PostgresWriterTask>,
}

/// How an attempt to commit ended.
enum CommitAttempt {
    Committed,
    /// Nothing was written.
    Failed(StoreError),
    /// Nothing was written, and it has to be alone.
    WantsAlone,
    /// The commit was not answered.
    Unknown,
}

type WriteBatch = Vec<Box<dyn WriteJob>>;

impl PostgresWriterThread {
    fn run(mut self) {
        let mut tasks = Vec::with_capacity(BATCH);
        while self.queue.blocking_recv_many(&mut tasks, BATCH) > 0 {
            // The callers of the last commit get a chance to join this one.
            std::thread::yield_now();
            while tasks.len() < BATCH {
                let Ok(task) = self.queue.try_recv() else { break };
                tasks.push(task);
            }
            let mut batch = Vec::with_capacity(tasks.len());
            let mut closes = false;
            for task in tasks.drain(..) {
                match task {
                    PostgresWriterTask::Write(job) if !closes => batch.push(job),
                    PostgresWriterTask::Write(job) => tell(job, Err(StoreError::Unavailable)),
                    PostgresWriterTask::Close => closes = true,
                }
            }
            closes |= self.commit(batch);
            if closes {
                return;
            }
        }
    }

    /// Commits these writes together, or each by itself if that fails. True if the thread was told
    /// to close while it waited for the database.
    fn commit(&mut self, mut batch: WriteBatch) -> bool {
        if batch.len() > 1 {
            match self.attempt(&mut batch, TxAccess::Write) {
                CommitAttempt::Committed => {
                    batch.into_iter().for_each(|job| tell(job, Ok(())));
                    return false;
                }
                CommitAttempt::Unknown => return self.resolve_unknown_commit(batch),
                // None of them lies at the database.
                CommitAttempt::Failed(_) | CommitAttempt::WantsAlone => {}
            }
        }
        let mut closes = false;
        for job in batch {
            closes |= self.by_itself(job);
        }
        closes
    }

    /// Commits one write, again after a lost race or a lost connection.
    fn by_itself(&mut self, job: Box<dyn WriteJob>) -> bool {
        let (mut alone, mut access, mut reconnected) = (vec![job], TxAccess::Write, false);
        let mut ended = Err(StoreError::Conflict);
        for attempt in 1..=ATTEMPTS {
            match self.attempt(&mut alone, access) {
                CommitAttempt::Committed => ended = Ok(()),
                CommitAttempt::Unknown => return self.resolve_unknown_commit(alone),
                CommitAttempt::WantsAlone => {
                    access = TxAccess::WriteAlone;
                    continue;
                }
                CommitAttempt::Failed(StoreError::Conflict) => {
                    std::thread::park_timeout(REST * attempt);
                    continue;
                }
                // The connection may have been an old one.
                CommitAttempt::Failed(StoreError::Unavailable) if !reconnected => {
                    reconnected = true;
                    continue;
                }
                CommitAttempt::Failed(error) => ended = Err(error),
            }
            break;
        }
        alone.into_iter().for_each(|job| tell(job, ended.clone()));
        false
    }

    /// One transaction with these writes.
    fn attempt(&mut self, batch: &mut WriteBatch, access: TxAccess) -> CommitAttempt {
        let session = match self.session.take().filter(|session| !session.is_lost()) {
            Some(session) => session,
            None => match self.connector.connect_alone() {
                Ok(session) => session,
                Err(error) => return CommitAttempt::Failed(error),
            },
        };
        self.number += 1;
        let attempt = self.in_transaction(&session, batch, access);
        if let Some(since) = session.unanswered_since() {
            self.connector.note_silence(since);
        }
        self.session = Some(session).filter(|session| !session.is_lost());
        attempt
    }

    fn in_transaction(
        &mut self,
        session: &Session,
        batch: &mut WriteBatch,
        access: TxAccess,
    ) -> CommitAttempt {
        let mut ahead = Prefetch::default();
        batch.iter().filter_map(|job| job.prefetch()).for_each(|of_job| ahead.add(of_job));
        let mut tx = PostgresTx::new(session, access);
        if let Err(error) = tx.begin(self.calls, self.beginning(access), &ahead) {
            return failed(session, error);
        }
        let work = || {
            batch.iter_mut().try_for_each(|job| {
                tx.begin_write();
                job.run(&mut tx)
            })
        };
        // A write that panics fails by itself; the writer lives on for all others.
        let worked = std::panic::catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err(StoreError::Engine("a write panicked".to_owned())));
        if tx.wants_alone() {
            return match failed(session, StoreError::Conflict) {
                CommitAttempt::Failed(StoreError::Conflict) => CommitAttempt::WantsAlone,
                other => other,
            };
        }
        if let Err(error) = worked.and_then(|()| session.first_error()) {
            return failed(session, error);
        }
        match tx.commit() {
            Ok(calls) => {
                self.calls = calls;
                CommitAttempt::Committed
            }
            Err(StoreError::Unavailable) => CommitAttempt::Unknown,
            Err(error) => failed(session, error),
        }
    }

    /// The beginning of a transaction.
    fn beginning(&self, access: TxAccess) -> Vec<SqlCommand> {
        let lock = match access {
            TxAccess::WriteAlone => "pg_advisory_xact_lock",
            TxAccess::Read | TxAccess::Write => "pg_advisory_xact_lock_shared",
        };
        let note = format!(
            "WITH held AS MATERIALIZED (SELECT {lock}($3)) \
             INSERT INTO commits (server, number) SELECT $1, $2 FROM held \
             ON CONFLICT (server) DO UPDATE SET number = excluded.number"
        );
        let begin = SqlCommand::plain("BEGIN ISOLATION LEVEL READ COMMITTED");
        vec![begin, SqlCommand::new(note, values![&*self.server, self.number, LOCK])]
    }

    /// Finds out how a commit without an answer ended, however long that takes. If it takes longer
    /// than a moment, the callers are told that it is not known, and so are those that come
    /// meanwhile. True if the thread was told to close.
    fn resolve_unknown_commit(&mut self, mut batch: WriteBatch) -> bool {
        let mut closes = false;
        loop {
            if let Ok(is_there) = self.is_committed() {
                let ended = if is_there { Ok(()) } else { Err(StoreError::Unavailable) };
                batch.into_iter().for_each(|job| tell(job, ended.clone()));
                return closes;
            }
            batch.iter_mut().for_each(|job| job.leave());
            while let Ok(task) = self.queue.try_recv() {
                match task {
                    PostgresWriterTask::Write(job) => tell(job, Err(StoreError::Unavailable)),
                    PostgresWriterTask::Close => closes = true,
                }
            }
            if closes {
                // The next server of this name resumes what is there.
                batch.into_iter().for_each(|job| tell(job, Err(StoreError::Unavailable)));
                return true;
            }
            std::thread::park_timeout(ASKED_EVERY);
        }
    }

    /// Whether the last batch is there.
    fn is_committed(&mut self) -> Result<bool, StoreError> {
        let session = self.connector.connect_alone()?;
        let sql = "SELECT number FROM commits WHERE server = $1 FOR UPDATE";
        let found = session.one(sql, values![&*self.server])?;
        let number = found.map(|row| row.get::<_, i64>(0));
        self.session = Some(session);
        Ok(number == Some(self.number))
    }
}

/// Undoes a transaction.
fn failed(session: &Session, error: StoreError) -> CommitAttempt {
    if session.is_lost() {
        return CommitAttempt::Failed(StoreError::Unavailable);
    }
    // A connection on which even this fails is lost, and its transaction with it.
    match session.batch("ROLLBACK") {
        Ok(()) => CommitAttempt::Failed(error),
        Err(_) => CommitAttempt::Failed(StoreError::Unavailable),
    }
}

/// Tells a caller. That cannot undo a commit: a panic there is that caller's alone.
fn tell(job: Box<dyn WriteJob>, ended: Result<(), StoreError>) {
    if std::panic::catch_unwind(AssertUnwindSafe(|| job.done(ended))).is_err() {
        tracing::error!("the caller of a write panicked");
    }
}
