//! A peer that says what a test tells it to.

use std::sync::Arc;
use std::time::Duration;

use qmp::commands::{DeviceDel, Done};
use qmp::{Client, Error, Log};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf,
    duplex, join, split,
};
use tokio::task::JoinHandle;

/// Bytes that the stream takes before a read.
pub(crate) const PIPE: usize = 64 * 1024;
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) struct Peer {
    pub(crate) reader: BufReader<ReadHalf<DuplexStream>>,
    pub(crate) writer: WriteHalf<DuplexStream>,
}

impl Peer {
    pub(crate) fn new(stream: DuplexStream) -> Peer {
        let (reader, writer) = split(stream);
        Peer { reader: BufReader::new(reader), writer }
    }

    /// A client that has negotiated with a peer.
    pub(crate) async fn greeted() -> (Client, Peer) {
        Peer::greeted_over(PIPE).await
    }

    pub(crate) async fn greeted_over(pipe: usize) -> (Client, Peer) {
        Peer::greeted_logged(pipe, None).await
    }

    pub(crate) async fn greeted_logged(pipe: usize, log: Option<Arc<dyn Log>>) -> (Client, Peer) {
        let (ours, theirs) = duplex(pipe);
        let mut peer = Peer::new(theirs);
        let (client, ()) = tokio::join!(Client::over(ours, DEADLINE, log), peer.welcome());
        (client.unwrap(), peer)
    }

    /// A client and a peer that can stop to read and go on to speak.
    pub(crate) async fn greeted_both_ways() -> (Client, Peer) {
        let ((ours, says), (hears, theirs)) = (duplex(PIPE), duplex(PIPE));
        let mut peer = Peer { reader: BufReader::new(split(hears).0), writer: split(says).1 };
        let (client, ()) =
            tokio::join!(Client::over(join(ours, theirs), DEADLINE, None), peer.welcome());
        (client.unwrap(), peer)
    }

    pub(crate) fn goes_deaf(&mut self) {
        self.reader = BufReader::new(split(duplex(1).0).0);
    }

    pub(crate) async fn welcome(&mut self) {
        self.greet().await;
        let asked = self.heard().await;
        assert_eq!(asked["execute"], "qmp_capabilities");
        self.say(json!({"return": {}, "id": asked["id"]})).await;
    }

    pub(crate) async fn greet(&mut self) {
        let version = json!({"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"});
        self.say(json!({"QMP": {"version": version, "capabilities": ["oob"]}})).await;
    }

    pub(crate) async fn say(&mut self, line: Value) {
        self.say_raw(format!("{line}\r\n").as_bytes()).await;
    }

    pub(crate) async fn say_raw(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    /// The next command.
    pub(crate) async fn heard(&mut self) -> Value {
        let mut line = String::new();
        assert_ne!(self.reader.read_line(&mut line).await.unwrap(), 0, "the client has gone");
        serde_json::from_str(&line).unwrap()
    }

    /// Waits until the client has closed the stream.
    pub(crate) async fn hears_the_end(&mut self) {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, self.reader.read_to_end(&mut rest)).await;
        ended.expect("the client keeps the stream open").unwrap();
    }

    /// Answers a command of the client, so that all that was said before has been heard.
    pub(crate) async fn catches_up(&mut self, client: &Client) {
        let asking = ask(client);
        let asked = self.heard().await;
        self.say(json!({"return": {}, "id": asked["id"]})).await;
        asking.await.unwrap().unwrap();
    }
}

pub(crate) fn ask(client: &Client) -> JoinHandle<Result<Done, Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.execute(DeviceDel { id: "d".to_owned() }).await })
}
