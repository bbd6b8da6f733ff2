//! Waits for a change at a diskdock, so that its end is seen when it comes.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::SigningClient;
use crate::cli::admin::controls::{Controls, token_for};
use crate::gateway::signature::percent_encode;

/// The first interval of looks at a diskdock that says when there is something to see.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
/// The first interval of polling on this host.
const NEARBY_PAUSE: Duration = Duration::from_millis(20);
/// The first interval of polling elsewhere, where calls are limited.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest interval of polling.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// The longest interval of looks at a diskdock where something changes all the time.
const LONGEST_OF_CHANGES: Duration = Duration::from_millis(250);
/// A reply that takes longer than this is none: a server replies within a second.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Says when to look again: at the next write of the server where that is known, otherwise after a
/// pause that grows.
pub(crate) struct ChangeWaits<'a> {
    caller: &'a SigningClient,
    source: ChangeSource,
    looked: Instant,
    pause: Duration,
}

/// The way to know of a change.
enum ChangeSource {
    /// The server was not asked yet.
    Unknown,
    /// The server says when there is one; the number is that of the last one that was seen.
    Controls(Controls, u64),
    /// The server is no diskdock, or does not let this program use its controls.
    None,
}

impl<'a> ChangeWaits<'a> {
    /// Waits at the server of this client.
    pub(crate) fn at(caller: &'a SigningClient) -> ChangeWaits<'a> {
        let nearby = caller.client.endpoint.is_loopback();
        let pause = if nearby { NEARBY_PAUSE } else { FIRST_PAUSE };
        ChangeWaits { caller, source: ChangeSource::Unknown, looked: Instant::now(), pause }
    }

    /// Notes that the server is looked at now.
    pub(crate) fn begin_look(&mut self) {
        self.looked = Instant::now();
    }

    /// Waits until it is worth to look again; false if that is not before the deadline.
    pub(crate) async fn until_next(&mut self, deadline: Instant) -> bool {
        if self.looked + self.pause > deadline {
            return false;
        }
        let next = timeout_at(deadline, self.next_change()).await;
        self.source = next.unwrap_or(ChangeSource::None);
        sleep_until(self.looked + self.pause).await;
        let longest = match self.source {
            ChangeSource::Controls(..) => LONGEST_OF_CHANGES,
            ChangeSource::Unknown | ChangeSource::None => LONGEST_PAUSE,
        };
        self.pause = (self.pause * 3 / 2).min(longest);
        Instant::now() <= deadline
    }

    /// Waits for a change, or asks for the number of the last one. Whatever goes wrong, the server
    /// is polled from then on.
    async fn next_change(&mut self) -> ChangeSource {
        let key = percent_encode(&self.caller.credentials.0);
        let (controls, path) = match std::mem::replace(&mut self.source, ChangeSource::None) {
            ChangeSource::None => return ChangeSource::None,
            ChangeSource::Controls(controls, number) => {
                (Some(controls), format!("/changes?key={key}&after={number}"))
            }
            ChangeSource::Unknown => {
                let controls = controls_of(self.caller).await;
                self.pause = if controls.is_some() { SHORTEST_PAUSE } else { self.pause };
                (controls, format!("/changes?key={key}"))
            }
        };
        let Some(controls) = controls else { return ChangeSource::None };
        let number = match timeout(REPLY_TIMEOUT, controls.get(&path)).await {
            Ok(Ok(reply)) => reply.get("number").and_then(Value::as_u64),
            Ok(Err(_)) | Err(_) => None,
        };
        number.map_or(ChangeSource::None, |number| ChangeSource::Controls(controls, number))
    }
}

/// The controls of the server, if it is a diskdock.
pub(super) async fn controls_of(caller: &SigningClient) -> Option<Controls> {
    // The token must not be sent to another kind of server, so ask first what it is.
    let health = Controls::of(caller.client.clone(), None);
    timeout(REPLY_TIMEOUT, health.get("/health")).await.ok()?.ok()?.get("version")?;
    let token = token_for(&caller.client.endpoint.url());
    Some(Controls::of(caller.client.clone(), token))
}
