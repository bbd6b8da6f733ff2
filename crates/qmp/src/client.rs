//! A connection: one task reads, replies find their commands by id, events go to all subscribers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader, split};
use tokio::time::timeout;

use crate::commands::{Capabilities, Command};
use crate::error::{ConnectError, Error};
use crate::events::Events;
use crate::log::{self, Direction, Log};
use crate::shared::{CommandResult, Shared};
use crate::socket::reach;
use crate::wire::{CommandFailure, CommandRequest, Greeting, Message, Version, read_line};

/// How long QEMU may go on to speak once it reads no more.
pub const LAST_WORDS: Duration = Duration::from_secs(1);
/// Commands that may wait for their replies at a time.
pub const IN_FLIGHT: usize = 256;

/// A connection to QEMU. Clones share it; it ends with the last of them. QEMU serves one client of
/// a monitor at a time: another client of the same one waits until this one ends.
///
/// When a command cannot be written, because QEMU is ending, no other is sent. QEMU's output
/// until then still arrives, replies and events, for [`LAST_WORDS`] at most, clients or not.
#[derive(Clone)]
pub struct Client(Arc<ClientInner>);

struct ClientInner {
    shared: Arc<Shared>,
    next_id: AtomicU64,
    version: Version,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Drop for ClientInner {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

impl Client {
    /// Connects to a monitor's socket and negotiates, all within `deadline`. The path may be longer
    /// than a socket's address can be.
    pub async fn connect(path: &Path, deadline: Duration) -> Result<Client, ConnectError> {
        Client::connect_logged(path, deadline, None).await
    }

    /// The same, with a log of everything that goes over the connection.
    pub async fn connect_logged(
        path: &Path,
        deadline: Duration,
        log: Option<Arc<dyn Log>>,
    ) -> Result<Client, ConnectError> {
        let connected = async { Client::negotiate(reach(path).await?, deadline, log).await };
        let in_time = timeout(deadline, connected).await;
        in_time.unwrap_or(Err(ConnectError::TimedOut(deadline)))
    }

    /// Talks over any stream of bytes, with a log if there is one. Negotiates within `deadline`.
    pub async fn over<S>(
        stream: S,
        deadline: Duration,
        log: Option<Arc<dyn Log>>,
    ) -> Result<Client, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let in_time = timeout(deadline, Client::negotiate(stream, deadline, log)).await;
        in_time.unwrap_or(Err(ConnectError::TimedOut(deadline)))
    }

    async fn negotiate<S>(
        stream: S,
        deadline: Duration,
        log: Option<Arc<dyn Log>>,
    ) -> Result<Client, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (reader, writer) = split(stream);
        let mut reader = BufReader::new(reader);
        let shared = Arc::new(Shared::new(Box::new(writer), log));
        let version = greeting(&mut reader, &shared).await?;
        tokio::spawn(Arc::clone(&shared).read(reader));
        let client = Client(Arc::new(ClientInner { shared, next_id: AtomicU64::new(1), version }));
        let negotiated = client.execute_within(Capabilities {}, deadline).await;
        negotiated.map_err(ConnectError::Negotiation)?;
        Ok(client)
    }

    /// Sends a command and waits for its reply, for [`Command::DEADLINE`] at most.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        self.execute_within(command, C::DEADLINE).await
    }

    /// Sends a command and waits for its reply, for `after` at most.
    ///
    /// A caller that stops waiting does not cancel the command. If not all of it is written by
    /// then, because QEMU has not read for long, the connection ends.
    pub async fn execute_within<C: Command>(
        &self,
        command: C,
        after: Duration,
    ) -> Result<C::Reply, Error> {
        let replied = timeout(after, self.exchange(&command)).await;
        let Ok(reply) = replied else {
            let error = Error::TimedOut { command: C::NAME, after };
            self.0.shared.log(Direction::Failed, || error.to_string());
            return Err(error);
        };
        match reply? {
            Ok(value) => serde_json::from_value(value)
                .map_err(|error| Error::Malformed { command: C::NAME, what: error.to_string() }),
            Err(CommandFailure { class, desc }) => Err(Error::Refused { class, description: desc }),
        }
    }

    async fn exchange<C: Command>(&self, command: &C) -> Result<CommandResult, Error> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let request = CommandRequest { execute: C::NAME, arguments: command, id };
        let mut line = serde_json::to_vec(&request)
            .map_err(|error| Error::Malformed { command: C::NAME, what: error.to_string() })?;
        self.0.shared.log(Direction::Sent, || log::without_secrets(&request));
        line.push(b'\n');
        let place = self.0.shared.expect(id)?;
        self.0.shared.send(&line).await?;
        place.reply().await
    }

    /// The events from now on. A subscription does not keep the connection.
    pub fn events(&self) -> Events {
        self.0.shared.subscribe()
    }

    /// Waits until the connection has ended: nothing comes any more.
    pub async fn closed(&self) {
        self.0.shared.ended().await;
    }

    /// Whether it takes no more commands: the connection has ended, or a command could not be
    /// written. Then last words may still come, until [`Client::closed`].
    pub fn is_closed(&self) -> bool {
        !self.0.shared.takes_commands()
    }

    /// Which QEMU it is.
    pub fn version(&self) -> Version {
        self.0.version
    }
}

/// Reads up to the greeting. Events before it are dropped.
async fn greeting(
    reader: &mut (impl AsyncBufRead + Unpin),
    shared: &Shared,
) -> Result<Version, ConnectError> {
    let mut line = Vec::new();
    while read_line(reader, &mut line).await? {
        shared.log(Direction::Received, || log::readable(&line));
        match serde_json::from_slice::<Greeting>(&line) {
            Ok(greeting) => return Ok(greeting.qmp.version.qemu),
            Err(error) => match serde_json::from_slice(&line) {
                Ok(Message::Event { .. }) => {}
                _ => return Err(ConnectError::NotQmp(error.to_string())),
            },
        }
    }
    Err(ConnectError::NotQmp("the connection has ended".to_owned()))
}
