//! `--traces`: a span of OpenTelemetry for every call, sent to a collector by OTLP over HTTP.
//!
//! The spans are made of the log's line for a call. They wait in a queue of their own, so that a
//! slow collector delays no call; when it is full, new ones are dropped.

mod span;

use std::time::Duration;

use http::Request;
use http::header::CONTENT_TYPE;
use hyper::body::Bytes;
use tokio::sync::{mpsc, oneshot};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::Context;

use crate::cli::Failure;
use crate::cli::client::{ApiClient, ConnectionArgs};
use crate::cli::tls::Trust;
use crate::clock::Clock;
use crate::gateway::CALLS;
use span::{CallFields, document};

/// Spans that wait at most.
const QUEUE: usize = 4_096;
/// Spans in one request at most.
const BATCH: usize = 512;
/// Seconds that a collector has for its reply.
const TIMEOUT_S: u64 = 5;
/// The path of a collector.
const PATH: &str = "/v1/traces";

/// The queue of spans.
enum Queued {
    /// A call that has ended.
    Call(Box<CallFields>),
    /// All before it is to be sent; then the other side is told.
    Flush(oneshot::Sender<()>),
}

/// Takes the calls out of the log.
pub(super) struct TraceLayer {
    queue: mpsc::Sender<Queued>,
    clock: Clock,
}

/// Sends what is left when a server stops.
#[derive(Clone)]
pub(crate) struct TraceFlush {
    queue: mpsc::Sender<Queued>,
}

/// The layer for a collector, and the way to send what is left. The sender runs as a task.
pub(super) fn layer(collector: &str) -> Result<(TraceLayer, TraceFlush), Failure> {
    let connection = ConnectionArgs {
        endpoint: collector.to_owned(),
        timeout: TIMEOUT_S,
        trust: Trust::default(),
    };
    let client = ApiClient::new(&connection).map_err(|failure| {
        Failure::usage(
            format!("--traces: {}", failure.message),
            "Name a collector such as http://127.0.0.1:4318, without a path.",
        )
    })?;
    let (queue, waiting) = mpsc::channel(QUEUE);
    tokio::spawn(send_all(client, waiting));
    Ok((TraceLayer { queue: queue.clone(), clock: Clock::default() }, TraceFlush { queue }))
}

/// Lets the lines of calls through, and nothing else.
pub(super) fn only_calls() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata| metadata.target() == CALLS && *metadata.level() == Level::INFO)
}

impl<S: Subscriber> Layer<S> for TraceLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if let Some(call) = CallFields::of(event, self.clock.now()) {
            // A queue that is full drops it.
            let _ = self.queue.try_send(Queued::Call(Box::new(call)));
        }
    }
}

impl TraceFlush {
    /// Sends what is left; ends after a bounded time in any case.
    pub(crate) async fn finish(&self) {
        let (tell, told) = oneshot::channel();
        let limit = Duration::from_secs(TIMEOUT_S);
        let flushed = async {
            if self.queue.send(Queued::Flush(tell)).await.is_ok() {
                // The sender tells, or is gone.
                let _ = told.await;
            }
        };
        let _ = tokio::time::timeout(limit, flushed).await;
    }
}

/// Sends spans in batches as they come. Those that a collector does not take are lost.
async fn send_all(client: ApiClient, mut waiting: mpsc::Receiver<Queued>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut is_lost = false;
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (mut calls, mut flushed) = (Vec::new(), Vec::new());
        for queued in batch.drain(..) {
            match queued {
                Queued::Call(call) => calls.push(*call),
                Queued::Flush(tell) => flushed.push(tell),
            }
        }
        if !calls.is_empty() {
            is_lost = note(send(&client, &calls).await, is_lost);
        }
        for tell in flushed {
            // A stopping server may have given up.
            let _ = tell.send(());
        }
    }
}

async fn send(client: &ApiClient, calls: &[CallFields]) -> Result<(), String> {
    let body = Bytes::from(document(calls).to_string());
    let request = Request::post(PATH).header(CONTENT_TYPE, "application/json").body(body);
    let request = request.map_err(|error| error.to_string())?;
    let reply = client.send(request).await.map_err(|failure| failure.message)?;
    if reply.status.is_success() { Ok(()) } else { Err(format!("it answered {}", reply.status)) }
}

/// Logs when spans begin to be lost, and when they are taken again. Gives whether they are lost.
fn note(sent: Result<(), String>, was_lost: bool) -> bool {
    match sent {
        Ok(()) => {
            if was_lost {
                tracing::info!("the collector takes traces again");
            }
            false
        }
        Err(error) => {
            if !was_lost {
                tracing::warn!(error, "traces are lost: no collector takes them");
            }
            true
        }
    }
}
