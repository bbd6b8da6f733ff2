//! `diskdock console -i`: a terminal on the serial port of a guest, over a WebSocket.

use std::io::IsTerminal;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::keyboard::{Keyboard, Typed};
use super::{ConsoleArgs, Screen};
use crate::ansi::AnsiStripper;
use crate::cli::Failure;
use crate::cli::admin::controls::{Controls, token_for, token_header};
use crate::cli::client::{ApiClient, ByteStream};
use crate::gateway::signature::percent_encode;

/// After the end of a pipe, this much time without output ends it.
const QUIET: Duration = Duration::from_secs(2);
/// How long the server may take to open the console, and to agree to its end.
const OPENING: Duration = Duration::from_secs(15);
const CLOSING: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<Box<dyn ByteStream>>;

/// Types into the console and shows it, until one side ends it.
pub(super) async fn run(args: &ConsoleArgs) -> Result<(), Failure> {
    let token = args.token.clone().filter(|token| !token.is_empty());
    let token = token.or_else(|| token_for(&args.connection.endpoint));
    let client = ApiClient::new(&args.connection)?;
    let path = format!("/console/{}", percent_encode(&args.instance_id));
    // Says why there is none, with a remedy.
    Controls::of(client.clone(), token.clone()).get(&path).await?;
    let mut socket = open(&client, &path, token.as_deref()).await?;
    let keyboard = Keyboard::open()?;
    if keyboard.is_terminal() {
        eprint!("Connected to the console of {}. Ctrl-] leaves.\r\n", args.instance_id);
    }
    let raw = args.raw || (keyboard.is_terminal() && std::io::stdout().is_terminal());
    let screen = Screen { raw, stripper: AnsiStripper::default() };
    let mut session = TerminalSession { socket: &mut socket, screen, keyboard, quiet_at: None };
    let ended = tokio::select! {
        ended = session.run() => ended,
        () = told_to_end() => Ok(None),
    };
    // The terminal is as it was before.
    drop(session);
    let _ = timeout(CLOSING, socket.close(None)).await;
    if let Some(reason) = ended? {
        eprintln!("diskdock: the console was closed: {reason}");
    }
    Ok(())
}

async fn open(client: &ApiClient, path: &str, token: Option<&str>) -> Result<Socket, Failure> {
    let place = client.endpoint.authority();
    let mut request = format!("ws://{place}/_diskdock{path}")
        .into_client_request()
        .map_err(|error| Failure::usage(error, ""))?;
    if let Some(token) = token {
        let (name, value) = token_header(token)?;
        request.headers_mut().insert(name, value);
    }
    let stream = client.open_in_time().await?;
    let broken = |error: &dyn std::fmt::Display| {
        let message = format!("the console of {place} cannot be opened: {error}");
        Failure::unreachable(message, "Is something between you and the server?")
    };
    let opened = timeout(OPENING, client_async(request, stream)).await;
    let (socket, _) = opened.map_err(|late| broken(&late))?.map_err(|error| broken(&error))?;
    Ok(socket)
}

/// Waits for a signal that ends programs.
async fn told_to_end() {
    let listen = |kind| signal(kind).expect("signals can be listened to");
    let mut signals = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ]
    .map(listen);
    let [terminate, interrupt, hangup, quit] = &mut signals;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
        _ = quit.recv() => {}
    }
}

struct TerminalSession<'s> {
    socket: &'s mut Socket,
    screen: Screen,
    keyboard: Keyboard,
    /// After the end of a pipe: when it ends, unless something comes.
    quiet_at: Option<Instant>,
}

impl TerminalSession<'_> {
    /// Gives why the server has ended it; none if it was ended here.
    async fn run(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let quiet = async {
                match self.quiet_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.socket.next() => match self.hear(message)? {
                    Heard::More => {}
                    Heard::Closed(reason) => return Ok(Some(reason)),
                    Heard::NoReader => return Ok(None),
                },
                typed = self.keyboard.next(), if self.quiet_at.is_none() => match typed {
                    Typed::Bytes(bytes) => self.send(bytes).await?,
                    Typed::Leave(bytes) => {
                        self.send(bytes).await?;
                        return Ok(None);
                    }
                    Typed::End => self.quiet_at = Some(Instant::now() + QUIET),
                },
                () = quiet => return Ok(None),
            }
        }
    }

    fn hear(&mut self, message: Option<Result<Message, Error>>) -> Result<Heard, Failure> {
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                if self.quiet_at.is_some() {
                    self.quiet_at = Some(Instant::now() + QUIET);
                }
                Ok(if self.screen.show(&bytes)? { Heard::More } else { Heard::NoReader })
            }
            Some(Ok(Message::Text(remark))) => {
                eprint!("\r\ndiskdock: {}\r\n", in_words(&remark));
                Ok(Heard::More)
            }
            Some(Ok(Message::Close(frame))) => {
                let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                Ok(Heard::Closed(if reason.is_empty() { "no reason given".into() } else { reason }))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Heard::More),
            Some(Err(_)) | None => {
                let message = "the connection to the console broke";
                Err(Failure::unreachable(message, "Is the server there? Connect again."))
            }
        }
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.socket.send(Message::Binary(Bytes::from(bytes))).await.map_err(|error| {
            let message = format!("the connection to the console broke: {error}");
            Failure::unreachable(message, "Is the server there? Connect again.")
        })
    }
}

/// The meaning of a message of the server.
enum Heard {
    More,
    Closed(String),
    /// Standard output is closed.
    NoReader,
}

/// A remark of the server for people.
fn in_words(remark: &str) -> String {
    let remark: Value = serde_json::from_str(remark).unwrap_or_default();
    match (remark["omitted"].as_u64(), remark["unread"].as_u64()) {
        (Some(bytes), _) => format!("{bytes} bytes are left out here: too slow for the guest"),
        (None, Some(bytes)) => format!("{bytes} bytes were thrown away: the guest takes no input"),
        (None, None) => "a remark that this version does not know".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_of_the_server_are_in_words() {
        assert!(in_words(r#"{"omitted":12}"#).starts_with("12 bytes are left out"));
        assert!(in_words(r#"{"unread":3}"#).starts_with("3 bytes were thrown away"));
        assert!(in_words("?").contains("does not know"));
    }
}
