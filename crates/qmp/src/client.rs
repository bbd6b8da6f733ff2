//! A connection: one task reads, replies find their commands by id, events go to all subscribers.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::commands::{Capabilities, Command};
use crate::events::{Event, Events, QUEUE};
use crate::wire::{ErrorClass, Failure, Greeting, Line, Request, Version, read_line};

/// How long a command has, unless something else is said.
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(10);
/// Commands that may wait for their replies at a time.
pub const IN_FLIGHT: usize = 256;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The socket cannot be reached.
    #[error("cannot connect: {0}")]
    Unreachable(#[from] io::Error),
    /// Nobody said anything in time.
    #[error("no greeting within {0:?}")]
    TimedOut(Duration),
    /// Whoever is there does not speak QMP.
    #[error("no QMP greeting: {0}")]
    NotQmp(String),
    /// The negotiation failed.
    #[error("cannot negotiate: {0}")]
    Negotiation(Error),
}

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// QEMU said no.
    #[error("{description}")]
    Refused {
        /// What kind of no.
        class: ErrorClass,
        /// Why, for people: the words differ from version to version.
        description: String,
    },
    /// There was no reply in time. The command may have been carried out, or may yet be.
    #[error("no reply to {command} within {after:?}")]
    TimedOut {
        /// The command.
        command: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The connection has ended. The command may have been carried out.
    #[error("the connection has ended")]
    Closed,
    /// Too many commands wait for their replies.
    #[error("too many commands wait for their replies")]
    Busy,
    /// The reply is not what the command gives.
    #[error("{command} gave something odd: {what}")]
    Malformed {
        /// The command.
        command: &'static str,
        /// What is odd.
        what: String,
    },
}

type Reply = Result<Value, Failure>;
type Waiting = HashMap<u64, oneshot::Sender<Reply>>;

/// A connection to QEMU. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    writer: tokio::sync::Mutex<Box<dyn AsyncWrite + Send + Unpin>>,
    /// A command that was written in part would garble the next.
    broken: AtomicBool,
    shared: Arc<Shared>,
    next_id: AtomicU64,
    version: Version,
    reader: AbortHandle,
}

/// What the reading task has to do with.
struct Shared {
    /// None once the connection has ended.
    waiting: Mutex<Option<Waiting>>,
    /// None once the connection has ended, so that subscribers learn of it.
    events: Mutex<Option<broadcast::Sender<Event>>>,
    closed: watch::Sender<bool>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reader.abort();
        self.shared.close();
    }
}

impl Client {
    /// Connects to a monitor's socket and negotiates, all within `deadline`. The path may be longer
    /// than a socket's address can be.
    pub async fn connect(path: &Path, deadline: Duration) -> Result<Client, ConnectError> {
        match timeout(deadline, reach(path)).await {
            Ok(stream) => Client::over(stream?, deadline).await,
            Err(_) => Err(ConnectError::TimedOut(deadline)),
        }
    }

    /// Talks over any stream of bytes.
    pub async fn over<S>(stream: S, deadline: Duration) -> Result<Client, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (reader, writer) = split(stream);
        let mut reader = BufReader::new(reader);
        let version = match timeout(deadline, greeting(&mut reader)).await {
            Ok(version) => version?,
            Err(_) => return Err(ConnectError::TimedOut(deadline)),
        };
        let client = Client::start(reader, writer, version);
        let negotiated = client.execute_within(Capabilities {}, deadline).await;
        negotiated.map_err(ConnectError::Negotiation)?;
        Ok(client)
    }

    fn start<S>(reader: BufReader<ReadHalf<S>>, writer: WriteHalf<S>, version: Version) -> Client
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Some(HashMap::new())),
            events: Mutex::new(Some(broadcast::Sender::new(QUEUE))),
            closed: watch::Sender::new(false),
        });
        let reading = Arc::clone(&shared);
        let reader = tokio::spawn(async move { reading.read(reader).await }).abort_handle();
        Client(Arc::new(Inner {
            writer: tokio::sync::Mutex::new(Box::new(writer)),
            broken: AtomicBool::new(false),
            shared,
            next_id: AtomicU64::new(1),
            version,
            reader,
        }))
    }

    /// Sends a command and waits for its reply, for [`COMMAND_DEADLINE`] at most.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        self.execute_within(command, COMMAND_DEADLINE).await
    }

    /// Sends a command and waits for its reply, for `after` at most.
    pub async fn execute_within<C: Command>(
        &self,
        command: C,
        after: Duration,
    ) -> Result<C::Reply, Error> {
        let replied = timeout(after, self.exchange(&command)).await;
        let Ok(reply) = replied else {
            return Err(Error::TimedOut { command: C::NAME, after });
        };
        match reply? {
            Ok(value) => serde_json::from_value(value)
                .map_err(|error| Error::Malformed { command: C::NAME, what: error.to_string() }),
            Err(Failure { class, desc }) => Err(Error::Refused { class, description: desc }),
        }
    }

    async fn exchange<C: Command>(&self, command: &C) -> Result<Reply, Error> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let malformed = |error: serde_json::Error| Error::Malformed {
            command: C::NAME,
            what: error.to_string(),
        };
        let request = Request { execute: C::NAME, arguments: command, id };
        let mut line = serde_json::to_vec(&request).map_err(malformed)?;
        line.push(b'\n');
        let (place, reply) = self.0.shared.expect(id)?;
        self.send(&line).await?;
        let reply = reply.await;
        drop(place);
        reply.map_err(|_| Error::Closed)
    }

    async fn send(&self, line: &[u8]) -> Result<(), Error> {
        let mut writer = self.0.writer.lock().await;
        // Set until all is written, so that a sender who gives up in between leaves it set.
        if self.0.broken.swap(true, Ordering::SeqCst) {
            self.0.shared.close();
            return Err(Error::Closed);
        }
        writer.write_all(line).await.map_err(|_| Error::Closed)?;
        writer.flush().await.map_err(|_| Error::Closed)?;
        self.0.broken.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Everything that QEMU reports from now on.
    pub fn events(&self) -> Events {
        let events = self.0.shared.events.lock().unwrap_or_else(|broken| broken.into_inner());
        match events.as_ref() {
            Some(sender) => Events(sender.subscribe()),
            // A receiver without a sender is closed.
            None => Events(broadcast::Sender::new(1).subscribe()),
        }
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        // The sender lives as long as this client.
        let _ = self.0.shared.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        *self.0.shared.closed.borrow()
    }

    /// Which QEMU it is.
    pub fn version(&self) -> Version {
        self.0.version
    }
}

/// A place among the waiting; given back when it is dropped, whatever has become of the command.
struct Place<'s> {
    shared: &'s Shared,
    id: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.shared.waiting().as_mut() {
            waiting.remove(&self.id);
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn expect(&self, id: u64) -> Result<(Place<'_>, oneshot::Receiver<Reply>), Error> {
        let mut waiting = self.waiting();
        let waiting = waiting.as_mut().ok_or(Error::Closed)?;
        if waiting.len() >= IN_FLIGHT {
            return Err(Error::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        waiting.insert(id, sender);
        Ok((Place { shared: self, id }, receiver))
    }

    /// Reads until the stream ends or says something that is no QMP.
    async fn read(&self, mut stream: BufReader<impl AsyncRead + Unpin>) {
        let mut line = Vec::new();
        while matches!(read_line(&mut stream, &mut line).await, Ok(true)) {
            match serde_json::from_slice(&line) {
                Ok(line) => self.heed(line),
                Err(_) => break,
            }
        }
        self.close();
    }

    fn heed(&self, line: Line) {
        let (id, reply) = match line {
            Line::Event { event, data } => {
                let events = self.events.lock().unwrap_or_else(|broken| broken.into_inner());
                if let Some(sender) = events.as_ref() {
                    // Nobody need listen.
                    let _ = sender.send(Event::new(event, data));
                }
                return;
            }
            Line::Return { r#return, id } => (id, Ok(r#return)),
            Line::Error { error, id } => (id, Err(error)),
        };
        let mut waiting = self.waiting();
        // A reply to a command that was given up, or to none of ours, is nobody's.
        let sender = id.and_then(|id| waiting.as_mut()?.remove(&id));
        if let Some(sender) = sender {
            let _ = sender.send(reply);
        }
    }

    fn close(&self) {
        drop(self.waiting().take());
        drop(self.events.lock().unwrap_or_else(|broken| broken.into_inner()).take());
        self.closed.send_replace(true);
    }
}

async fn greeting(
    reader: &mut (impl tokio::io::AsyncBufRead + Unpin),
) -> Result<Version, ConnectError> {
    let mut line = Vec::new();
    if !read_line(reader, &mut line).await? {
        return Err(ConnectError::NotQmp("the connection has ended".to_owned()));
    }
    let greeting: Greeting =
        serde_json::from_slice(&line).map_err(|error| ConnectError::NotQmp(error.to_string()))?;
    Ok(greeting.qmp.version.qemu)
}

/// Bytes of a socket's path at most (`sun_path`, with its end).
const SOCKET_PATH: usize = 107;

/// Connects to a socket whose path may be long: then through a handle of its directory.
async fn reach(path: &Path) -> io::Result<UnixStream> {
    if path.as_os_str().len() <= SOCKET_PATH {
        return UnixStream::connect(path).await;
    }
    use std::os::fd::AsRawFd;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no socket"));
    };
    let directory = std::fs::File::open(parent)?;
    let short = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
    UnixStream::connect(short).await
}
