//! Server-sent events for the console: the whole overview at first, then what has changed in it.
//!
//! One task looks for all clients, and only while there is one: after each write of this server,
//! and from time to time. The larger the overview, the longer it pauses in between, up to a bound.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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

use super::picture::Picture;
use super::{Access, AdminError, access, overview, when_ready};
use crate::assembly::Assembly;
use crate::catalog::times::with_seconds;
use crate::gateway::SharedGateway;
use crate::hypervisor::Hypervisor;

/// The most clients at a time.
const VIEWERS: usize = 100;
/// The shortest pause between two overviews.
const MIN_PAUSE: Duration = Duration::from_millis(5);
/// The longest wait for a write of this server: other changes, such as a read that is listed, or a
/// write of another server, are looked for this often.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Making overviews takes one part in this many of the time, unless the pause would be the longest.
const SHARE: u32 = 20;
/// The longest pause between two overviews, however busy the host is.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// How often a silent stream says that it is still there, so that dead ones are noticed.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Events that a slow reader may be behind; what it misses in between is in the next delta.
const BEHIND: usize = 1;

/// The server that is watched.
#[derive(Clone)]
struct Watched {
    gateway: SharedGateway,
    hypervisor: Arc<dyn Hypervisor>,
    /// The controls of operations that it takes.
    can: &'static [&'static str],
}

impl Watched {
    fn of(assembly: &Assembly) -> Watched {
        let can: &[&str] = match (assembly.shares_store, &assembly.simulated) {
            (true, _) => &[],
            (false, None) => &["step"],
            (false, Some(_)) => &["finish", "refuse", "step"],
        };
        let (gateway, hypervisor) = (&assembly.gateway, &assembly.hypervisor);
        Watched { gateway: Arc::clone(gateway), hypervisor: Arc::clone(hypervisor), can }
    }
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
    seen: Option<watch::Sender<Arc<Seen>>>,
    /// The server stops.
    closed: bool,
}

/// An overview, and the events that show it.
#[derive(Default)]
struct Seen {
    /// Counts overviews from 1; 0 before the first.
    number: u64,
    picture: Picture,
    /// The server's time.
    now: String,
    /// The event with all of it, made for the first viewer who wants it.
    whole: OnceLock<Bytes>,
    /// The event with what differs from the overview before.
    step: Bytes,
}

impl Seen {
    /// The overview that follows this one, if it is another.
    fn next(&self, picture: Picture, now: String) -> Option<Seen> {
        let number = self.number + 1;
        if number > 1 && picture == self.picture {
            return None;
        }
        let step = event(&picture.delta_from(&self.picture, &now));
        Some(Seen { number, picture, now, whole: OnceLock::new(), step })
    }

    /// The event for a viewer who has seen `last`; all of it for one who has seen none.
    fn event(&self, last: Option<&Seen>) -> Bytes {
        match last {
            None => self.whole.get_or_init(|| event(&self.picture.whole(&self.now))).clone(),
            Some(last) if last.number + 1 == self.number => self.step.clone(),
            Some(last) => event(&self.picture.delta_from(&last.picture, &self.now)),
        }
    }
}

fn event(object: &str) -> Bytes {
    format!("data: {object}\n\n").into()
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
    fn join(&self, watched: &Watched) -> Result<watch::Receiver<Arc<Seen>>, AdminError> {
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
        let (sender, receiver) = watch::channel(Arc::default());
        looking.seen = Some(sender.clone());
        tokio::spawn(self.clone().poll(watched.clone(), sender));
        Ok(receiver)
    }

    /// Looks for changes until the last viewer has gone.
    async fn poll(self, watched: Watched, seen: watch::Sender<Arc<Seen>>) {
        loop {
            let closing = self.closing.notified();
            if !self.is_wanted(&seen) {
                return;
            }
            let began = Instant::now();
            let changes = watched.gateway.services.store.changes();
            let number = changes.number();
            match overview::read(&watched.gateway, watched.hypervisor.as_ref(), watched.can).await {
                Ok(picture) => {
                    let now = with_seconds(watched.gateway.services.clock.now());
                    let next = seen.borrow().next(picture, now);
                    if let Some(next) = next {
                        seen.send_replace(Arc::new(next));
                    }
                }
                Err(fault) if fault.is_outage() => {}
                Err(fault) => tracing::error!(%fault, "cannot read the overview for the console"),
            }
            let rest = (began.elapsed() * SHARE).clamp(MIN_PAUSE, MAX_PAUSE);
            let change = async {
                tokio::time::sleep(rest).await;
                changes.after(number, LOOK_EVERY.saturating_sub(rest)).await;
            };
            tokio::select! {
                () = closing => {}
                () = change => {}
            }
        }
    }

    /// Whether there is a client; if not, the next one starts a new polling task.
    fn is_wanted(&self, seen: &watch::Sender<Arc<Seen>>) -> bool {
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
    let (watched, gateway) = (Watched::of(assembly), &assembly.gateway);
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
async fn feed(mut seen: watch::Receiver<Arc<Seen>>, mut sender: Sender<Bytes>) {
    let mut last: Option<Arc<Seen>> = None;
    loop {
        let event = tokio::select! {
            changed = seen.changed() => match changed {
                Ok(()) => {
                    let latest = seen.borrow_and_update().clone();
                    // Before the first overview there is nothing to send.
                    if latest.number == 0 {
                        continue;
                    }
                    let event = latest.event(last.as_deref());
                    last = Some(latest);
                    event
                }
                Err(_) => return,
            },
            () = tokio::time::sleep(STILL_HERE) => Bytes::from_static(b": still here\n\n"),
        };
        if sender.send_data(event).await.is_err() {
            return;
        }
    }
}
