//! Server-sent events for the console: the whole overview whenever it has changed.
//!
//! One task polls for all clients, and only while there is one; the larger the overview, the longer
//! its interval, up to a bound.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http_body_util::channel::{Channel, Sender};
use tokio::sync::{Notify, watch};

use super::{Access, AdminError, access, overview, when_ready};
use crate::assembly::Assembly;
use crate::gateway::SharedGateway;
use crate::hypervisor::Hypervisor;

/// The most clients at a time.
const VIEWERS: usize = 100;
/// The shortest pause between two overviews.
const MIN_PAUSE: Duration = Duration::from_millis(200);
/// Making overviews takes one part in this many of the time, unless the pause would be the longest.
const SHARE: u32 = 20;
/// The longest pause between two overviews, however busy the host is.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// How often a silent stream says that it is still there, so that dead ones are noticed.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Pieces that a slow reader may be behind; it misses overviews in between, never the latest.
const BEHIND: usize = 1;

/// The server that is watched.
#[derive(Clone)]
struct Watched {
    gateway: SharedGateway,
    hypervisor: Arc<dyn Hypervisor>,
}

/// The viewers, and the task that makes overviews for all of them.
#[derive(Clone, Default)]
pub struct Watch {
    looking: Arc<Mutex<Looking>>,
    /// Wakes that task when the server stops.
    closing: Arc<Notify>,
}

#[derive(Default)]
struct Looking {
    /// The overview that was sent last; none while there is no viewer.
    seen: Option<watch::Sender<Bytes>>,
    /// The server stops.
    closed: bool,
}

impl Watch {
    /// Ends all streams, so that the server can stop.
    pub fn close(&self) {
        let mut looking = self.lock();
        looking.closed = true;
        looking.seen = None;
        self.closing.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Looking> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a client; the first one starts the polling task.
    fn join(&self, watched: &Watched) -> Result<watch::Receiver<Bytes>, AdminError> {
        let mut looking = self.lock();
        if looking.closed {
            return Err(unavailable("the server is stopping", "Try again in a moment."));
        }
        if let Some(seen) = &looking.seen {
            if seen.receiver_count() >= VIEWERS {
                return Err(unavailable("too many are watching", "Close another console."));
            }
            let mut receiver = seen.subscribe();
            // The latest overview is new to this viewer.
            receiver.mark_changed();
            return Ok(receiver);
        }
        let (sender, receiver) = watch::channel(Bytes::new());
        looking.seen = Some(sender.clone());
        tokio::spawn(self.clone().poll(watched.clone(), sender));
        Ok(receiver)
    }

    /// Looks for changes until the last viewer has gone.
    async fn poll(self, watched: Watched, seen: watch::Sender<Bytes>) {
        loop {
            let closing = self.closing.notified();
            if !self.is_wanted(&seen) {
                return;
            }
            let began = Instant::now();
            match overview::read(&watched.gateway, watched.hypervisor.as_ref()).await {
                Ok(picture) => {
                    let event = Bytes::from(format!("data: {picture}\n\n"));
                    seen.send_if_modified(|last| {
                        let new = *last != event;
                        *last = event;
                        new
                    });
                }
                Err(fault) if fault.is_outage() => {}
                Err(fault) => tracing::error!(%fault, "cannot read the overview for the console"),
            }
            let rest = (began.elapsed() * SHARE).clamp(MIN_PAUSE, MAX_PAUSE);
            tokio::select! {
                () = closing => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Whether there is a client; if not, the next one starts a new polling task.
    fn is_wanted(&self, seen: &watch::Sender<Bytes>) -> bool {
        let mut looking = self.lock();
        if looking.closed {
            return false;
        }
        if seen.receiver_count() == 0 {
            looking.seen = None;
        }
        looking.seen.is_some()
    }
}

fn unavailable(error: &str, hint: &str) -> AdminError {
    AdminError { status: StatusCode::SERVICE_UNAVAILABLE, ..AdminError::bad(error, hint) }
}

/// The stream at `/_diskdock/watch`, for those who may use the controls.
pub fn router(assembly: &Assembly, access: Access, watch: Watch) -> Router {
    let (gateway, hypervisor) = (&assembly.gateway, &assembly.hypervisor);
    let watched = Watched { gateway: Arc::clone(gateway), hypervisor: Arc::clone(hypervisor) };
    Router::new()
        .route("/_diskdock/watch", get(stream))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(gateway), when_ready))
        .layer(axum::middleware::from_fn_with_state(access, access::check))
        .with_state((watched, watch))
}

async fn stream(State((watched, watch)): State<(Watched, Watch)>) -> Result<Response, AdminError> {
    let seen = watch.join(&watched)?;
    let (sender, body) = Channel::<Bytes, Infallible>::new(BEHIND);
    tokio::spawn(feed(seen, sender));
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::new(body)).into_response())
}

/// Sends the latest picture whenever there is another, until one side has gone.
async fn feed(mut seen: watch::Receiver<Bytes>, mut sender: Sender<Bytes>) {
    loop {
        let event = tokio::select! {
            changed = seen.changed() => match changed {
                Ok(()) => seen.borrow_and_update().clone(),
                Err(_) => return,
            },
            () = tokio::time::sleep(STILL_HERE) => Bytes::from_static(b": still here\n\n"),
        };
        if !event.is_empty() && sender.send_data(event).await.is_err() {
            return;
        }
    }
}
