//! The state that the commands of a connection and its reading task share: the pending commands.
//!
//! A connection ends once, for one reason, in [`Shared::end`]; all waiting commands fail then. The
//! reading task closes the stream, so that QEMU can serve the next client. A failed write only
//! tells that QEMU reads no more: what it has said before is read first.

use std::collections::HashMap;
use std::io::ErrorKind::InvalidData;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::timeout;

use crate::error::Error;
use crate::events::{Event, Events, QUEUE};
use crate::log::{Direction, Log, readable};
use crate::wire::{CommandFailure, Message, read_line};
use crate::{IN_FLIGHT, LAST_WORDS};

/// QEMU's answer.
pub(crate) type CommandResult = Result<Value, CommandFailure>;
type WaitingCommands = HashMap<u64, oneshot::Sender<CommandResult>>;
type SocketWriter = Box<dyn AsyncWrite + Send + Unpin>;

pub(crate) struct Shared {
    /// None once the connection has ended.
    waiting: Mutex<Option<WaitingCommands>>,
    /// None once the connection has ended, so that subscribers learn of it.
    events: Mutex<Option<broadcast::Sender<Event>>>,
    /// None once a write has failed or the connection has ended, and while a command is being
    /// written.
    writer: tokio::sync::Mutex<Option<SocketWriter>>,
    stage: watch::Sender<ConnectionStage>,
    log: Option<Arc<dyn Log>>,
}

/// How far a connection has come.
#[derive(Debug)]
enum ConnectionStage {
    /// Taking commands.
    Open,
    /// A write has failed: QEMU reads no more, but may have last words.
    Deaf,
    /// Ended, for this reason.
    Ended(Error),
}

/// A place among the waiting; given back when it is dropped, whatever has become of the command.
pub(crate) struct InFlight<'s> {
    shared: &'s Shared,
    id: u64,
    reply: oneshot::Receiver<CommandResult>,
}

impl InFlight<'_> {
    /// Waits for the reply or the end of the connection.
    pub(crate) async fn reply(mut self) -> Result<CommandResult, Error> {
        (&mut self.reply).await.map_err(|_| self.shared.why())
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.shared.waiting().as_mut() {
            waiting.remove(&self.id);
        }
    }
}

/// A line that is being written. If its writer gives up in between, the next would be garbled.
struct Unfinished<'s>(Option<&'s Shared>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            shared.end(broken("a command was written in part"));
        }
    }
}

/// The reading task: with it, the connection ends.
struct ReadTask(Arc<Shared>);

impl Drop for ReadTask {
    fn drop(&mut self) {
        self.0.end(Error::Closed);
    }
}

fn broken(reason: impl Into<String>) -> Error {
    Error::Broken { reason: reason.into() }
}

impl Shared {
    pub(crate) fn new(writer: SocketWriter, log: Option<Arc<dyn Log>>) -> Shared {
        Shared {
            waiting: Mutex::new(Some(HashMap::new())),
            events: Mutex::new(Some(broadcast::Sender::new(QUEUE))),
            writer: tokio::sync::Mutex::new(Some(writer)),
            stage: watch::Sender::new(ConnectionStage::Open),
            log,
        }
    }

    /// Takes something down, if there is a log.
    pub(crate) fn log(&self, direction: Direction, words: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log.record(direction, &words());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<WaitingCommands>> {
        self.waiting.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn events(&self) -> MutexGuard<'_, Option<broadcast::Sender<Event>>> {
        self.events.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    pub(crate) fn subscribe(&self) -> Events {
        match self.events().as_ref() {
            Some(sender) => Events(sender.subscribe()),
            // A receiver without a sender is closed.
            None => Events(broadcast::Sender::new(1).subscribe()),
        }
    }

    /// Takes a place for the reply to a command that is about to be sent.
    pub(crate) fn expect(&self, id: u64) -> Result<InFlight<'_>, Error> {
        let mut waiting = self.waiting();
        let waiting = waiting.as_mut().ok_or_else(|| self.why())?;
        if waiting.len() >= IN_FLIGHT {
            return Err(Error::Busy);
        }
        let (sender, reply) = oneshot::channel();
        waiting.insert(id, sender);
        Ok(InFlight { shared: self, id, reply })
    }

    /// Writes a line, all of it or none is written any more.
    pub(crate) async fn send(&self, line: &[u8]) -> Result<(), Error> {
        let mut place = self.writer.lock().await;
        let mut writer = place.take().ok_or_else(|| self.why())?;
        let mut unfinished = Unfinished(Some(self));
        let write = async {
            writer.write_all(line).await?;
            writer.flush().await
        };
        tokio::select! {
            written = write => {
                unfinished.0 = None;
                if written.is_err() {
                    self.deafen();
                    return Err(self.why());
                }
            }
            () = self.ended() => return Err(self.why()),
        }
        *place = Some(writer);
        Ok(())
    }

    /// Reads until the connection ends, and closes it.
    pub(crate) async fn read(self: Arc<Self>, mut stream: impl AsyncBufRead + Unpin) {
        let reading = ReadTask(self);
        let shared = &reading.0;
        tokio::select! {
            why = shared.listen(&mut stream) => shared.end(why),
            () = shared.over() => shared.end(Error::Closed),
        }
        // A write in progress fails as well.
        shared.writer.lock().await.take();
    }

    async fn listen(&self, stream: &mut (impl AsyncBufRead + Unpin)) -> Error {
        let mut line = Vec::new();
        loop {
            match read_line(stream, &mut line).await {
                Ok(true) => {}
                Ok(false) => return Error::Closed,
                Err(error) if error.kind() == InvalidData => return broken(error.to_string()),
                // A process that was killed resets its connections.
                Err(_) => return Error::Closed,
            }
            if let Err(why) = self.hear(&line) {
                return why;
            }
        }
    }

    /// Passes on what a line says.
    pub(crate) fn hear(&self, line: &[u8]) -> Result<(), Error> {
        self.log(Direction::Received, || readable(line));
        let line = serde_json::from_slice(line)
            .map_err(|error| broken(format!("QEMU said what is no QMP: {error}")))?;
        let (id, reply) = match line {
            Message::Event { event, data } => {
                if let Some(sender) = self.events().as_ref() {
                    // An event without a subscriber is dropped.
                    let _ = sender.send(Event::new(event, data));
                }
                return Ok(());
            }
            Message::Return { r#return, id } => (id, Ok(r#return)),
            Message::Error { error, id } => (id, Err(error)),
        };
        let mut waiting = self.waiting();
        // A reply to a command that was given up, or to none of ours, is dropped.
        let sender = id.as_u64().and_then(|id| waiting.as_mut()?.remove(&id));
        if let Some(sender) = sender {
            let _ = sender.send(reply);
        }
        Ok(())
    }

    /// Ends the connection; only the first reason counts.
    pub(crate) fn end(&self, why: Error) {
        self.stage.send_if_modified(|stage| {
            let is_first = !matches!(stage, ConnectionStage::Ended(_));
            if is_first {
                self.log(Direction::Failed, || why.to_string());
                *stage = ConnectionStage::Ended(why);
            }
            is_first
        });
        drop(self.waiting().take());
        drop(self.events().take());
    }

    /// Takes no more commands, and leaves it to the reading task to end the connection.
    fn deafen(&self) {
        self.stage.send_if_modified(|stage| {
            let is_open = matches!(stage, ConnectionStage::Open);
            if is_open {
                *stage = ConnectionStage::Deaf;
            }
            is_open
        });
    }

    /// Ends the connection because no client is left; last replies and events are still read.
    pub(crate) fn leave(&self) {
        if self.takes_commands() {
            self.end(Error::Closed);
        }
    }

    /// Why no command is taken any more.
    fn why(&self) -> Error {
        match &*self.stage.borrow() {
            ConnectionStage::Ended(why) => why.clone(),
            ConnectionStage::Open | ConnectionStage::Deaf => Error::Closed,
        }
    }

    /// Waits until the connection has ended.
    pub(crate) async fn ended(&self) {
        self.reaches(|stage| matches!(stage, ConnectionStage::Ended(_))).await;
    }

    /// Waits until the connection has ended, or should because the time for last words is over.
    async fn over(&self) {
        self.reaches(|stage| !matches!(stage, ConnectionStage::Open)).await;
        // Either way it is over.
        let _ = timeout(LAST_WORDS, self.ended()).await;
    }

    async fn reaches(&self, wanted: impl FnMut(&ConnectionStage) -> bool) {
        // The sender lives as long as this.
        let _ = self.stage.subscribe().wait_for(wanted).await;
    }

    pub(crate) fn takes_commands(&self) -> bool {
        matches!(*self.stage.borrow(), ConnectionStage::Open)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn no() -> Value {
        json!({"class": "GenericError", "desc": "no"})
    }

    /// Lines as QEMU says them, and whatever else.
    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let said = prop::sample::select(vec![
            json!({"return": {}, "id": 1}),
            json!({"return": [{"name": "type", "type": "string"}], "id": 2}),
            json!({"error": no(), "id": 3}),
            json!({"return": {}, "id": "x"}),
            json!({"event": "DEVICE_DELETED", "data": {"device": "d", "path": "/d"}}),
            json!({"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}),
            json!({"event": "BLOCK_IO_ERROR", "data": {"node-name": 1, "nospace": "yes"}}),
        ]);
        let said = said.prop_map(|line| line.to_string().into_bytes());
        let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        let changed = (said, changes).prop_map(|(mut line, changes)| {
            for (at, byte) in changes {
                let at = at.index(line.len());
                line[at] = byte;
            }
            line
        });
        let deep = (1..3_000_usize).prop_map(|depth| vec![b'['; depth]);
        prop_oneof![4 => changed, 2 => prop::collection::vec(any::<u8>(), 0..200), 1 => deep]
    }

    #[test]
    fn reply_with_an_unknown_id_is_ignored() {
        let shared = Shared::new(Box::new(tokio::io::sink()), None);
        let mut place = shared.expect(1).unwrap();
        for id in [json!(-1), json!(1.5), json!("1"), json!([1]), json!({"id": 1}), Value::Null] {
            for line in [json!({"return": {}, "id": id}), json!({"error": no(), "id": id})] {
                assert_eq!(shared.hear(line.to_string().as_bytes()), Ok(()), "{line}");
                assert!(place.reply.try_recv().is_err(), "{line}");
            }
        }
        shared.hear(json!({"return": {}, "id": 1}).to_string().as_bytes()).unwrap();
        assert!(place.reply.try_recv().is_ok());
    }

    proptest! {
        #[test]
        fn every_line_is_delivered_or_refused(lines in prop::collection::vec(lines(), 1..20)) {
            let shared = Shared::new(Box::new(tokio::io::sink()), None);
            let _events = shared.subscribe();
            let places: Vec<_> = (1..4).map(|id| shared.expect(id)).collect();
            for line in lines {
                let is_json = serde_json::from_slice::<Value>(&line).is_ok();
                let heard = shared.hear(&line);
                prop_assert!(is_json || heard.is_err(), "heard what is no JSON");
            }
            drop(places);
            prop_assert!(shared.waiting().as_ref().is_some_and(HashMap::is_empty));
        }
    }
}
