//! The bodies of requests and replies on one connection, which tell what the connection is doing.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connections::{ConnectedClient, ConnectionPhase};
use super::transfer_timer::TransferTimer;

/// The reason why a body is incomplete.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Slower than the deadline allows.
    #[error("the body did not come in time")]
    Late,
    /// Malformed, or the client has gone.
    #[error("{0}")]
    Broken(#[from] hyper::Error),
}

/// The body of a request, which has to come in time.
pub(super) struct RequestBody {
    inner: Incoming,
    timer: TransferTimer,
    client: Arc<ConnectedClient>,
}

impl RequestBody {
    /// The body of a request whose head has come.
    pub(super) fn new(
        inner: Incoming,
        timer: TransferTimer,
        client: Arc<ConnectedClient>,
    ) -> RequestBody {
        let ended = inner.is_end_stream();
        client.enter(if ended { ConnectionPhase::Served } else { ConnectionPhase::Body });
        RequestBody { inner, timer, client }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            return self.timer.poll_expired(context).map(|()| Some(Err(BodyError::Late)));
        };
        if let Some(Ok(frame)) = &frame {
            self.timer.progressed(frame.data_ref().map_or(0, Bytes::len));
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.client.enter(ConnectionPhase::Served);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.inner.is_end_stream() && self.client.phase().0 == ConnectionPhase::Body {
            // The reply is on its way although the client still sends.
            self.client.leave_unread();
        }
    }
}

/// The body of a reply: once it has ended, the next request is awaited, if there can be one.
pub(super) struct ReplyBody {
    inner: axum::body::Body,
    client: Arc<ConnectedClient>,
    /// The connection is no longer one of requests and replies.
    lasts: bool,
}

impl ReplyBody {
    /// The body of a reply; `lasts` if the connection is used for something else after it.
    pub(super) fn new(
        inner: axum::body::Body,
        client: Arc<ConnectedClient>,
        lasts: bool,
    ) -> ReplyBody {
        ReplyBody { inner, client, lasts }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        let next = if self.lasts { ConnectionPhase::Served } else { ConnectionPhase::Idle };
        self.client.enter(next);
    }
}
