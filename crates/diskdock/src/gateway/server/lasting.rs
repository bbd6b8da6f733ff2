//! A connection that has become something else than one of requests and replies, such as a
//! WebSocket. It still counts among the connections, and the server waits for it when it stops.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::connections::Admitted;
use super::wait_for_stop;

/// The place of a connection among all; to be held as long as the connection is used.
#[derive(Clone)]
pub(crate) struct LastingConnection {
    pub(super) admitted: Arc<Admitted>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) _running: TaskTrackerToken,
}

impl LastingConnection {
    /// Waits until the connection has to end, and gives the reason: the server stops, or another
    /// client needs the room of this one, which does not read.
    pub(crate) async fn must_end(&mut self) -> &'static str {
        tokio::select! {
            () = wait_for_stop(&mut self.stopped) => "the server is stopping",
            () = self.admitted.client.evicted() => "another client needs the room of this one",
        }
    }
}
