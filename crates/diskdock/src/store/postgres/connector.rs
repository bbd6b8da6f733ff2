//! Connecting, and what is known of a database that is away.
//!
//! While it is away one attempt at a time is made, and all others fail at once: a caller is told
//! within seconds, and the first attempt that goes well ends it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::Instant;

use super::super::StoreError;
use super::address::PostgresAddress;
use super::session::{ConnectFault, Session};
use super::wait::ConnectionDriver;

/// How long the next attempt rests after one that failed.
const REST: Duration = Duration::from_millis(250);

/// Makes connections.
pub(super) struct Connector {
    address: PostgresAddress,
    runtime: Handle,
    seen: Mutex<DatabaseSeen>,
}

/// The knowledge of the database: whether it is away, and when it was there.
#[derive(Default)]
struct DatabaseSeen {
    outage: Option<Outage>,
    /// When the newest connection was made.
    connected_at: Option<Instant>,
}

/// A time in which the database is away.
struct Outage {
    /// When that was found out.
    since: Instant,
    /// When the next attempt may be made; none while one is under way.
    next_attempt: Option<Instant>,
}

impl Connector {
    pub(super) fn new(address: PostgresAddress, runtime: Handle) -> Connector {
        Connector { address, runtime, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, DatabaseSeen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the database could not be reached the last time.
    pub(super) fn is_away(&self) -> bool {
        self.seen().outage.is_some()
    }

    /// The first connection, whose failure is told to who starts the server.
    pub(super) fn first(&self) -> Result<Session, StoreError> {
        Session::connect(&self.address, self.shared()).map_err(|ConnectFault(cause)| {
            let found = format!("cannot connect to {}: {cause}", self.address.place());
            let remedy = "See that the database runs, and that user and password are right";
            StoreError::Unfit { found, remedy: remedy.to_owned() }
        })
    }

    /// A connection did not answer a question of this moment in time: new ones would not either,
    /// unless one was made since.
    pub(super) fn note_silence(&self, since: Instant) {
        self.note_failure("it does not answer", since);
    }

    fn note_failure(&self, cause: &str, began: Instant) {
        let now = Instant::now();
        let mut seen = self.seen();
        if seen.connected_at.is_some_and(|connected_at| connected_at > began) {
            return;
        }
        let known = seen.outage.as_ref().map(|outage| outage.since);
        seen.outage = Some(Outage { since: known.unwrap_or(now), next_attempt: Some(now + REST) });
        if known.is_none() {
            tracing::warn!(cause, "the database is away; calls are refused until it is back");
        }
    }

    fn shared(&self) -> ConnectionDriver {
        ConnectionDriver::Shared(self.runtime.clone())
    }

    /// A connection that any thread may use, or the news that there is none.
    pub(super) fn connect(&self) -> Result<Session, StoreError> {
        self.connect_on(self.shared())
    }

    /// The same for a thread that drives it itself.
    pub(super) fn connect_alone(&self) -> Result<Session, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Engine(error.to_string()))?;
        self.connect_on(ConnectionDriver::Own(runtime))
    }

    fn connect_on(&self, driver: ConnectionDriver) -> Result<Session, StoreError> {
        if let Some(outage) = self.seen().outage.as_mut()
            && outage.next_attempt.take_if(|next| Instant::now() >= *next).is_none()
        {
            return Err(StoreError::Unavailable);
        }
        let began = Instant::now();
        match Session::connect(&self.address, driver) {
            Ok(session) => {
                let mut seen = self.seen();
                seen.connected_at = Some(Instant::now());
                if let Some(outage) = seen.outage.take() {
                    let away_s = outage.since.elapsed().as_secs();
                    tracing::warn!(away_s, "the database is back");
                }
                Ok(session)
            }
            Err(ConnectFault(cause)) => {
                self.note_failure(&cause, began);
                Err(StoreError::Unavailable)
            }
        }
    }
}
