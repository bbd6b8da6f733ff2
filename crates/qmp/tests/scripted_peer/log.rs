//! The records of a connection's log.

use std::sync::{Arc, Mutex};

use qmp::commands::{BlockdevAdd, QueryStatus};
use qmp::{Direction, Error, Log};
use serde_json::{Value, json};

use super::peer::{PIPE, Peer};

#[derive(Default)]
struct RecordedLines(Mutex<Vec<(Direction, String)>>);

impl Log for RecordedLines {
    fn record(&self, direction: Direction, line: &str) {
        self.0.lock().unwrap().push((direction, line.to_owned()));
    }
}

impl RecordedLines {
    /// The records of this direction since the last time.
    fn take(&self) -> Vec<(Direction, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn record_gets_commands_replies_events_and_the_end() {
    let kept = Arc::new(RecordedLines::default());
    let (client, mut peer) = Peer::greeted_logged(PIPE, Some(kept.clone())).await;
    let said: Vec<_> = kept.take().into_iter().map(|(direction, _)| direction).collect();
    assert_eq!(said, [Direction::Received, Direction::Sent, Direction::Received], "negotiation");

    peer.say(json!({"event": "STOP"})).await;
    peer.catches_up(&client).await;
    let said = kept.take();
    let (directions, lines): (Vec<_>, Vec<_>) = said.iter().cloned().unzip();
    assert_eq!(directions.iter().filter(|one| **one == Direction::Sent).count(), 1);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for part in ["event", "execute", "return"] {
        assert!(lines.iter().any(|line| line.get(part).is_some()), "{part} in {lines:?}");
    }

    let error = client.execute(QueryStatus {}).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }));
    drop(peer);
    client.closed().await;
    let failed: Vec<_> =
        kept.take().into_iter().filter(|(direction, _)| *direction == Direction::Failed).collect();
    let words: Vec<_> = failed.into_iter().map(|(_, words)| words).collect();
    assert_eq!(words, ["no reply to query-status within 5s", "the connection has ended"]);
}

#[tokio::test(start_paused = true)]
async fn record_gets_no_secrets() {
    let kept = Arc::new(RecordedLines::default());
    let (client, mut peer) = Peer::greeted_logged(PIPE, Some(kept.clone())).await;
    let secret = BlockdevAdd(json!({"driver": "luks", "password": "hunter2"}));
    let asking = tokio::spawn(async move { client.execute(secret).await });
    assert_eq!(peer.heard().await["arguments"]["password"], "hunter2", "QEMU is");
    asking.abort();
    let lines = kept.take();
    assert!(lines.iter().any(|(_, line)| line.contains("luks")), "{lines:?}");
    assert!(!lines.iter().any(|(_, line)| line.contains("hunter2")), "{lines:?}");
}
