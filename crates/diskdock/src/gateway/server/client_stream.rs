//! The bytes to and from one client, with deadlines for what the client has to do.
//!
//! Between requests and while a head is coming, reading has a deadline; writing has one whenever
//! the client does not take what was sent. (A body has its own, see `bodies.rs`.)
//!
//! Closing lingers while the client may still be sending: a connection that is closed while bytes
//! arrive is reset, and a reset throws away what the client has not read yet.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::connections::{ConnectedClient, ConnectionPhase};
use super::transfer_timer::TransferTimer;
use super::unreadable::BareReply;

/// How long a closing connection waits for the client to close, too.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes that are thrown away meanwhile, at most.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a head that are kept at hand for the next one.
const SMALL_HEAD: usize = 4 * 1024;
/// Bytes of a head that are kept for the reply: the longest request line, and the headers after it.
const EXPLAINED_HEAD: usize = 68 * 1024;

/// How long a client may keep the server waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For a head once it has begun; and for a body and a reply, plus one second for every 8 KiB.
    pub transfer: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            transfer: Duration::from_secs(30),
        }
    }
}

/// Makes the whole reply to a head that cannot be read: of the status and the head.
pub(super) type Explain = Box<dyn Fn(BareReply, &[u8]) -> Vec<u8> + Send>;

/// A stream with deadlines for the client.
pub(super) struct ClientStream<S> {
    inner: S,
    client: Arc<ConnectedClient>,
    deadlines: Deadlines,
    /// The timer for a head or the next request.
    alarm: Pin<Box<Sleep>>,
    reply_timer: TransferTimer,
    stalled: bool,
    /// The bytes received of the head that is being read, up to a bound.
    head: Vec<u8>,
    explain: Explain,
    explained: Option<Explained>,
    lingered: Option<(Pin<Box<Sleep>>, usize)>,
}

/// A reply that is sent instead of a bare one.
struct Explained {
    bytes: Vec<u8>,
    sent: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientStream<S> {
    pub(super) fn new(
        inner: S,
        client: Arc<ConnectedClient>,
        deadlines: Deadlines,
        explain: Explain,
    ) -> ClientStream<S> {
        ClientStream {
            inner,
            client,
            deadlines,
            alarm: Box::pin(sleep_until(Instant::now() + deadlines.transfer)),
            reply_timer: TransferTimer::new(deadlines.transfer),
            stalled: false,
            head: Vec::new(),
            explain,
            explained: None,
            lingered: None,
        }
    }

    /// The deadline of the client; none if it is the server's turn.
    fn read_deadline(&self) -> Option<Instant> {
        match self.client.phase() {
            (ConnectionPhase::Idle, since) => Some(since + self.deadlines.idle),
            (ConnectionPhase::Head, since) => Some(since + self.deadlines.transfer),
            (ConnectionPhase::Body | ConnectionPhase::Served, _) => None,
        }
    }

    /// Ready with an error if the client is late.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The alarm is seldom set anew: when it rings early, it is set to what holds by then.
        while self.alarm.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let next = match self.read_deadline() {
                Some(deadline) if deadline <= now => {
                    return Poll::Ready(Err(late("the next request")));
                }
                Some(deadline) => deadline,
                None => now + self.deadlines.transfer,
            };
            self.alarm.as_mut().reset(next);
        }
        Poll::Pending
    }

    /// Keeps what has come of a head, for the reply if it turns out that it cannot be read.
    fn follow_head(&mut self, new: &[u8]) {
        match self.client.phase().0 {
            ConnectionPhase::Idle => {
                self.head.clear();
                self.head.shrink_to(SMALL_HEAD);
                self.client.enter(ConnectionPhase::Head);
            }
            ConnectionPhase::Head => {}
            ConnectionPhase::Body | ConnectionPhase::Served => return,
        }
        let room = EXPLAINED_HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&new[..new.len().min(room)]);
    }

    /// Follows whether the client takes what is sent, and ends a write that it never takes.
    fn watch_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => {
                if !self.stalled {
                    self.stalled = true;
                    self.client.set_stalled(true);
                }
                let expired = self.reply_timer.poll_expired(context);
                expired.map(|()| Err(late("the reader of a reply")))
            }
            Poll::Ready(written) => {
                if self.stalled {
                    self.stalled = false;
                    self.client.set_stalled(false);
                    self.reply_timer.progressed(*written.as_ref().unwrap_or(&0));
                }
                Poll::Ready(written)
            }
        }
    }

    /// Puts a reply that explains itself in the place of a bare one. Gives false for all others.
    fn take_bare_reply(&mut self, last: &[u8]) -> bool {
        if !matches!(self.client.phase().0, ConnectionPhase::Idle | ConnectionPhase::Head) {
            return false;
        }
        let Some((bare, begins_at)) = BareReply::at_the_end_of(last) else { return false };
        let mut bytes = last[..begins_at].to_vec();
        bytes.extend((self.explain)(bare, &self.head));
        self.explained = Some(Explained { bytes, sent: 0 });
        true
    }

    /// Sends what explains why a head could not be read, and lets the client see it.
    fn poll_explained(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(Explained { bytes, sent }) = &self.explained
            && *sent < bytes.len()
        {
            let written = Pin::new(&mut self.inner).poll_write(context, &bytes[*sent..]);
            let written = ready!(self.watch_write(context, written))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if let Some(explained) = &mut self.explained {
                explained.sent += written;
            }
        }
        ready!(Pin::new(&mut self.inner).poll_flush(context))?;
        if self.explained.is_some() { self.poll_linger(context) } else { Poll::Ready(Ok(())) }
    }

    /// Says that nothing more will come, and throws away what arrives until the client agrees.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingered.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        }
        let (until, thrown) = self
            .lingered
            .get_or_insert_with(|| (Box::pin(sleep_until(Instant::now() + LINGER)), 0));
        let mut away = [0; 16 * 1024];
        while *thrown < LINGER_BYTES && until.as_mut().poll(context).is_pending() {
            let mut away = ReadBuf::new(&mut away);
            match ready!(Pin::new(&mut self.inner).poll_read(context, &mut away)) {
                Ok(()) if !away.filled().is_empty() => *thrown += away.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{what} did not come in time"))
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Pending => self.poll_late(context),
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    self.follow_head(&buffer.filled()[before..]);
                }
                Poll::Ready(read)
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.take_bare_reply(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A bare reply is never split, and nothing comes after it.
        if let [only] = pieces
            && self.take_bare_reply(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.watch_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.poll_explained(context).map(|flushed| flushed.map(|()| 0));
        self.watch_write(context, flushed).map(|flushed| flushed.map(drop))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.client.has_unread() {
            return self.poll_linger(context);
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
