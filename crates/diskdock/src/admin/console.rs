//! The serial console of an instance as a WebSocket: output in binary messages, remarks about it in
//! messages of text, and input in either.

use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Instance, InstanceId};
use http::HeaderMap;
use http::header::UPGRADE;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::controls::no_instance;
use super::{AdminError, AdminState, Json};
use crate::ansi::AnsiStripper;
use crate::gateway::server::LastingConnection;
use crate::hypervisor::{CONSOLE_INPUT, ConsolePiece, ConsoleViewer, TransientError};

/// The protocol that is spoken over the WebSocket.
pub(crate) const PROTOCOL: &str = "diskdock-console";
/// How long opening a console may take.
const OPENING: Duration = Duration::from_secs(10);
/// The shortest time between two messages of output, so that a guest that writes character by
/// character does not make one of each.
const PAUSE: Duration = Duration::from_millis(5);
/// How often a client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long a client may be silent.
const SILENT: Duration = Duration::from_secs(60);
/// How long a client may take for one message; while it reads nothing, output is left out.
const SENDING: Duration = Duration::from_secs(60);
/// How long a guest may take no input before what was typed is thrown away.
const UNREAD: Duration = Duration::from_secs(10);
/// How long a client has to agree that all is said.
const CLOSING: Duration = Duration::from_secs(2);
/// Bytes of a reason at most: WebSockets have 125 for it and its code.
const REASON: usize = 123;

/// Opens the console of an instance; a request that is no WebSocket is told whether it could.
pub(super) async fn console(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    connection: Option<Extension<LastingConnection>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, AdminError> {
    let instance = find(&state, &id).await?;
    let viewer = open(&state, &instance).await?;
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) if headers.contains_key(UPGRADE) => return Ok(rejection.into_response()),
        Err(_) => {
            return Ok(Json(json!({ "instance": instance.id, "input": true })).into_response());
        }
    };
    let Some(Extension(connection)) = connection else {
        let hint = "Connect to the server itself.";
        return Err(AdminError::bad("no console can be opened over this connection", hint));
    };
    let id = instance.id;
    let upgrade = upgrade.protocols([PROTOCOL]);
    let bounded = upgrade.max_message_size(CONSOLE_INPUT).max_frame_size(CONSOLE_INPUT);
    Ok(bounded.on_upgrade(move |socket| serve(id, socket, viewer, connection)))
}

async fn find(state: &AdminState, id: &str) -> Result<Instance, AdminError> {
    let wanted = InstanceId::from(id);
    let found = state.gateway.services.store.read(move |tx| tx.instance(&wanted)).await?;
    found.ok_or_else(|| no_instance(id))
}

async fn open(state: &AdminState, instance: &Instance) -> Result<ConsoleViewer, AdminError> {
    let Instance { id, host, .. } = instance;
    if !host.is_empty() {
        let error = format!("the console of {id} is on its host, {host}: no server passes it on");
        let hint = "There, a virtual machine has it in machines/<instance>/run of the data \
                    directory: console.log is its output, console.sock takes input too \
                    (socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:console.sock).";
        return Err(AdminError::conflict(error, hint));
    }
    let opened = timeout(OPENING, state.hypervisor.open_console(id)).await;
    let opened = opened.unwrap_or_else(|_| {
        Err(TransientError(format!("the machine of {id} is busy: its console was not opened")))
    })?;
    opened.map_err(|none| AdminError::conflict(none.error, none.hint))
}

/// Serves one viewer until one side ends it.
async fn serve(
    instance: InstanceId,
    mut socket: WebSocket,
    viewer: ConsoleViewer,
    mut connection: LastingConnection,
) {
    tracing::info!(%instance, "a console was opened");
    let input = viewer.input();
    let mut session = ConsoleSession {
        socket: &mut socket,
        viewer,
        earlier: EarlierText::default(),
        input,
        waiting: None,
        heard_at: Instant::now(),
        next_look: Instant::now(),
    };
    let ended = tokio::select! {
        ended = session.run() => ended,
        reason = connection.must_end() => Err(SessionEnd::Said(close_code::AWAY, reason)),
    };
    drop(session);
    let reason = match ended {
        Ok(never) => match never {},
        Err(SessionEnd::Gone) => "the client has gone",
        Err(SessionEnd::Said(code, reason)) => {
            // A client that does not take it is gone all the same.
            let _ = timeout(CLOSING, say_goodbye(&mut socket, code, reason)).await;
            reason
        }
    };
    tracing::info!(%instance, reason, "a console was closed");
}

/// Says why nothing more comes, and reads until the client has agreed.
async fn say_goodbye(socket: &mut WebSocket, code: u16, reason: &str) {
    let reason = reason[..reason.floor_char_boundary(REASON)].into();
    if socket.send(Message::Close(Some(CloseFrame { code, reason }))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}

/// The end of a session.
enum SessionEnd {
    /// The client has gone.
    Gone,
    /// The client is told this.
    Said(u16, &'static str),
}

/// The text of what was written before a viewer came. The questions in it that a terminal answers
/// are left out: they were for another one, and the answers would be typed into the guest.
#[derive(Debug, Default)]
struct EarlierText(AnsiStripper);

impl EarlierText {
    /// The text of the next piece, before which this much is missing, with the ends of lines that a
    /// terminal wants.
    fn of(&mut self, piece: &[u8], omitted: u64) -> Vec<u8> {
        if omitted > 0 {
            // What had begun there may have ended in what is missing.
            self.0 = AnsiStripper::default();
        }
        self.0.push(piece).replace('\n', "\r\n").into_bytes()
    }
}

/// One viewer and its client.
struct ConsoleSession<'s> {
    socket: &'s mut WebSocket,
    viewer: ConsoleViewer,
    earlier: EarlierText,
    input: mpsc::Sender<Bytes>,
    /// Input for which there is no room yet, and until when it waits.
    waiting: Option<(Bytes, Instant)>,
    heard_at: Instant,
    /// Output is looked for then.
    next_look: Instant,
}

impl ConsoleSession<'_> {
    async fn run(&mut self) -> Result<std::convert::Infallible, SessionEnd> {
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let output = async {
                sleep_until(self.next_look).await;
                self.viewer.next().await
            };
            tokio::select! {
                output = output => self.show(output).await?,
                taken = offer(&self.input, &self.waiting) => self.taken(taken).await?,
                message = self.socket.recv(), if self.waiting.is_none() => {
                    self.hear(message).await?;
                }
                _ = pings.tick() => self.ping().await?,
            }
        }
    }

    async fn show(&mut self, output: ConsolePiece) -> Result<(), SessionEnd> {
        let (omitted, bytes) = match output {
            ConsolePiece::Ended(reason) => {
                return Err(SessionEnd::Said(close_code::NORMAL, reason));
            }
            ConsolePiece::Bytes { omitted, bytes, is_earlier: false } => (omitted, bytes),
            ConsolePiece::Bytes { omitted, bytes, is_earlier: true } => {
                (omitted, self.earlier.of(&bytes, omitted))
            }
        };
        if omitted > 0 {
            self.remark(json!({ "omitted": omitted })).await?;
        }
        self.send(Message::Binary(bytes.into())).await?;
        self.next_look = Instant::now() + PAUSE;
        Ok(())
    }

    /// Input that was typed has found room, or has waited too long.
    async fn taken(&mut self, taken: bool) -> Result<(), SessionEnd> {
        let unread = self.waiting.take().map_or(0, |(input, _)| input.len());
        self.heard_at = Instant::now();
        if taken { Ok(()) } else { self.remark(json!({ "unread": unread })).await }
    }

    async fn hear(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<(), SessionEnd> {
        self.heard_at = Instant::now();
        let input = match message {
            None | Some(Ok(Message::Close(_))) => return Err(SessionEnd::Gone),
            Some(Err(error)) => {
                tracing::debug!(%error, "a console's client cannot be read");
                return Err(SessionEnd::Said(
                    close_code::POLICY,
                    "a message of this client cannot be read",
                ));
            }
            Some(Ok(Message::Binary(input))) => input,
            Some(Ok(Message::Text(input))) => input.into(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        };
        if !input.is_empty() {
            self.waiting = Some((input, Instant::now() + UNREAD));
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), SessionEnd> {
        if self.waiting.is_none() && self.heard_at.elapsed() > SILENT {
            return Err(SessionEnd::Said(
                close_code::POLICY,
                "nothing was heard of the client for a minute",
            ));
        }
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn remark(&mut self, remark: serde_json::Value) -> Result<(), SessionEnd> {
        self.send(Message::Text(remark.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), SessionEnd> {
        match timeout(SENDING, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(SessionEnd::Gone),
        }
    }
}

/// Sends input on as soon as there is room for it; false when it has waited too long. Never ends
/// without input.
async fn offer(input: &mpsc::Sender<Bytes>, waiting: &Option<(Bytes, Instant)>) -> bool {
    let Some((bytes, until)) = waiting else { return std::future::pending().await };
    tokio::select! {
        sent = input.send(bytes.clone()) => sent.is_ok(),
        () = sleep_until(*until) => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;
    use crate::hypervisor::{ConsoleView, SharedConsole};

    /// Longer than anything here takes.
    const SOON: Duration = Duration::from_secs(10);

    /// The text that a client of this viewer gets, until it ends so.
    async fn shown(viewer: &mut ConsoleViewer, until: &str) -> String {
        let (mut earlier, mut text) = (EarlierText::default(), Vec::new());
        while !text.ends_with(until.as_bytes()) {
            match timeout(SOON, viewer.next()).await.unwrap() {
                ConsolePiece::Bytes { omitted, bytes, is_earlier: true } => {
                    text.extend(earlier.of(&bytes, omitted));
                }
                ConsolePiece::Bytes { bytes, .. } => text.extend(bytes),
                ConsolePiece::Ended(reason) => panic!("{reason}"),
            }
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn viewer_gets_no_questions_of_before_it_came() {
        let (mut guest, ours) = duplex(64);
        let (console, mut first) = SharedConsole::open(ours, b"boot\x1b[c\r\n\x1bP$qm\x1b\\ready ");
        guest.write_all(b"size\x1b[6n? ").await.unwrap();
        assert_eq!(shown(&mut first, "? ").await, "boot\r\nready size\x1b[6n? ");
        let ConsoleView::Viewer(mut second) = console.view() else { panic!("it is open") };
        guest.write_all(b"now\x1b[6n!").await.unwrap();
        assert_eq!(shown(&mut second, "!").await, "boot\r\nready size? now\x1b[6n!");
        assert_eq!(shown(&mut first, "!").await, "now\x1b[6n!");
    }
}
