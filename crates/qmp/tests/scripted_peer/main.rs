//! The client with a peer that follows a script: late, mixed up, garbled, gone.
//!
//! Time is paused: deadlines pass at once when nothing else can happen.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod deadlines;
mod log;
mod peer;

use std::time::Duration;

use peer::{DEADLINE, PIPE, Peer, ask};
use qmp::commands::{BlockdevAdd, DeviceDel, Done, QomList, QueryStatus, Quit};
use qmp::{
    Client, Command, ConnectError, Error, ErrorClass, Event, IN_FLIGHT, LAST_WORDS, LONGEST_LINE,
    Notice, QUEUE,
};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

fn is_broken(error: &Error, words: &str) -> bool {
    matches!(error, Error::Broken { reason } if reason.contains(words))
}

#[tokio::test(start_paused = true)]
async fn replies_are_matched_by_id_in_any_order() {
    let (client, mut peer) = Peer::greeted().await;
    let mut events = client.events();
    let other = client.clone();
    let first = tokio::spawn(async move {
        other.execute(QomList { path: "/machine/peripheral".to_owned() }).await
    });
    let list = peer.heard().await;
    assert_eq!(list["arguments"], json!({"path": "/machine/peripheral"}));
    let second = ask(&client);
    let delete = peer.heard().await;
    assert_ne!(list["id"], delete["id"]);

    peer.say(json!({"return": {}, "id": delete["id"]})).await;
    let deleted = json!({"device": "d", "path": "/machine/peripheral/d"});
    let at = json!({"seconds": 1, "microseconds": 2});
    peer.say(json!({"timestamp": at, "event": "DEVICE_DELETED", "data": deleted})).await;
    let child = json!({"name": "rp1", "type": "child<pcie-root-port>"});
    peer.say(json!({"return": [child], "id": list["id"]})).await;

    assert_eq!(second.await.unwrap(), Ok(Done {}));
    assert_eq!(first.await.unwrap().unwrap()[0].name, "rp1");
    let (device, path) = (Some("d".to_owned()), "/machine/peripheral/d".to_owned());
    assert_eq!(events.next().await, Notice::Event(Event::DeviceDeleted { device, path }));
}

#[tokio::test(start_paused = true)]
async fn late_reply_is_ignored() {
    let (client, mut peer) = Peer::greeted().await;
    let after = Duration::from_secs(1);
    let began = Instant::now();
    let given_up = client.execute_within(QueryStatus {}, after).await;
    assert_eq!(given_up, Err(Error::TimedOut { command: "query-status", after }));
    assert_eq!(began.elapsed(), after);

    let late = peer.heard().await;
    let asking = ask(&client);
    let asked = peer.heard().await;
    peer.say(json!({"return": {"running": true, "status": "running"}, "id": late["id"]})).await;
    peer.say(json!({"error": {"class": "GenericError", "desc": "of nobody"}})).await;
    let no = json!({"class": "DeviceNotFound", "desc": "Device 'd' not found"});
    peer.say(json!({"error": no, "id": asked["id"]})).await;
    let refused = asking.await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::Refused { class: ErrorClass::DeviceNotFound, .. }));
}

#[tokio::test(start_paused = true)]
async fn events_before_the_negotiation_are_ignored() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::new(theirs);
    let (client, ()) = tokio::join!(Client::over(ours, DEADLINE, None), async {
        peer.say(json!({"event": "STOP"})).await;
        peer.greet().await;
        peer.say(json!({"event": "RESUME"})).await;
        let asked = peer.heard().await;
        peer.say(json!({"event": "NOBODY_KNOWS", "data": [1]})).await;
        peer.say(json!({"return": {}, "id": asked["id"]})).await;
    });
    let version = client.unwrap().version();
    assert_eq!((version.major, version.minor, version.micro), (7, 2, 22));
}

#[tokio::test(start_paused = true)]
async fn the_negotiation_has_one_deadline() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::new(theirs);
    let began = Instant::now();
    let (client, ()) = tokio::join!(Client::over(ours, DEADLINE, None), async {
        tokio::time::timeout(DEADLINE / 2, peer.heard()).await.unwrap_err();
        peer.greet().await;
    });
    assert!(matches!(client, Err(ConnectError::TimedOut(DEADLINE))), "{client:?}");
    assert_eq!(began.elapsed(), DEADLINE);
    peer.hears_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn blank_lines_are_ignored() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::new(theirs);
    let (client, ()) = tokio::join!(Client::over(ours, DEADLINE, None), async {
        peer.say_raw(b"\r\n").await;
        peer.greet().await;
        let asked = peer.heard().await;
        peer.say_raw(b"\n \t\r\n").await;
        peer.say(json!({"return": {}, "id": asked["id"]})).await;
    });
    peer.catches_up(&client.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn greeting_that_is_not_qmp_is_refused() {
    for words in ["SSH-2.0-OpenSSH\r\n", "{\r\n    \"QMP\": {\r\n", "{\"QMP\": 1}\n", ""] {
        let (ours, theirs) = duplex(PIPE);
        let mut peer = Peer::new(theirs);
        peer.say_raw(words.as_bytes()).await;
        drop(peer);
        let client = Client::over(ours, DEADLINE, None).await;
        assert!(matches!(client, Err(ConnectError::NotQmp(_))), "{words}: {client:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_line_ends_the_connection() {
    let (client, mut peer) = Peer::greeted().await;
    let mut events = client.events();
    let waiting = [ask(&client), ask(&client)];
    peer.heard().await;
    peer.heard().await;
    peer.say(json!({"event": "STOP"})).await;
    peer.say_raw(b"\x00\xffgarbage\n").await;
    for command in waiting {
        let error = command.await.unwrap().unwrap_err();
        assert!(is_broken(&error, "no QMP"), "{error}");
    }
    client.closed().await;
    assert!(client.is_closed());
    let error = client.execute(QueryStatus {}).await.unwrap_err();
    assert!(is_broken(&error, "no QMP"), "{error}");
    assert_eq!(events.next().await, Notice::Event(Event::Stop));
    assert_eq!(events.next().await, Notice::Closed);
    assert_eq!(client.events().next().await, Notice::Closed);
    // QEMU serves the next client although this one is still held.
    peer.hears_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn reply_cut_off_by_the_peer_is_closed() {
    let (client, mut peer) = Peer::greeted().await;
    let asking = ask(&client);
    peer.heard().await;
    peer.say_raw(b"{\"return\": {}, \"id\":").await;
    drop(peer);
    assert_eq!(asking.await.unwrap(), Err(Error::Closed));
    assert_eq!(client.execute(Quit {}).await, Err(Error::Closed));
}

#[tokio::test(start_paused = true)]
async fn line_beyond_the_limit_ends_the_connection() {
    let (client, mut peer) = Peer::greeted().await;
    let asking = ask(&client);
    let asked = peer.heard().await;
    let reply = json!({"return": {}, "id": asked["id"]}).to_string();
    let spaces = " ".repeat(LONGEST_LINE - reply.len() - 1);
    peer.say_raw(format!("{spaces}{reply}\n").as_bytes()).await;
    assert_eq!(asking.await.unwrap(), Ok(Done {}));

    let asking = ask(&client);
    peer.heard().await;
    // What is beyond is not read.
    let _ = peer.writer.write_all(" ".repeat(LONGEST_LINE + 1).as_bytes()).await;
    let error = asking.await.unwrap().unwrap_err();
    assert!(is_broken(&error, "too long"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn slow_subscriber_gets_the_number_of_missed_events() {
    let (client, mut peer) = Peer::greeted().await;
    let (mut slow, mut quick) = (client.events(), client.events());
    for _ in 0..QUEUE + 7 {
        peer.say(json!({"event": "STOP"})).await;
        assert_eq!(quick.next().await, Notice::Event(Event::Stop));
    }
    peer.catches_up(&client).await;
    assert_eq!(slow.next().await, Notice::Missed(7));
    for _ in 0..QUEUE {
        assert_eq!(slow.next().await, Notice::Event(Event::Stop));
    }
    drop(peer);
    assert_eq!(slow.next().await, Notice::Closed);
    assert_eq!(slow.next().await, Notice::Closed);
}

#[tokio::test(start_paused = true)]
async fn commands_in_flight_are_bounded() {
    let (client, mut peer) = Peer::greeted().await;
    for _ in 0..2 {
        let waiting: Vec<_> = (0..IN_FLIGHT).map(|_| ask(&client)).collect();
        for _ in 0..IN_FLIGHT {
            peer.heard().await;
        }
        assert_eq!(client.execute(QueryStatus {}).await, Err(Error::Busy));
        for command in waiting {
            command.abort();
            assert!(command.await.unwrap_err().is_cancelled());
        }
    }
    let given_up: Vec<_> = (0..IN_FLIGHT).map(|_| ask(&client)).collect();
    for command in given_up {
        let after = DeviceDel::DEADLINE;
        assert_eq!(command.await.unwrap(), Err(Error::TimedOut { command: "device_del", after }));
    }
    for _ in 0..IN_FLIGHT {
        peer.heard().await;
    }
    peer.catches_up(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_written_in_part_ends_the_connection() {
    let (client, mut peer) = Peer::greeted_over(256).await;
    let large = BlockdevAdd(json!({"filename": "x".repeat(1_000)}));
    let error = client.execute(large).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { command: "blockdev-add", .. }), "{error}");
    let error = client.execute(QueryStatus {}).await.unwrap_err();
    assert!(is_broken(&error, "in part"), "{error}");
    peer.hears_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn write_at_the_end_of_the_connection_fails() {
    let (client, mut peer) = Peer::greeted_over(256).await;
    let writing = tokio::spawn({
        let client = client.clone();
        async move { client.execute(BlockdevAdd(json!({"filename": "x".repeat(1_000)}))).await }
    });
    peer.reader.fill_buf().await.unwrap();
    peer.say_raw(b"?\n").await;
    let error = writing.await.unwrap().unwrap_err();
    assert!(is_broken(&error, "no QMP"), "{error}");
    peer.hears_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn lines_before_the_close_are_read_after_a_failed_write() {
    let (client, mut peer) = Peer::greeted_both_ways().await;
    let mut events = client.events();
    let asking = ask(&client);
    let asked = peer.heard().await;
    peer.goes_deaf();
    for _ in 0..2 {
        assert_eq!(client.execute(QueryStatus {}).await, Err(Error::Closed));
        assert!(client.is_closed(), "it takes no more commands");
    }
    peer.say(json!({"return": {}, "id": asked["id"]})).await;
    assert_eq!(asking.await.unwrap(), Ok(Done {}));
    // Who asks is gone, who listens is not.
    drop(client);
    peer.say(json!({"event": "STOP"})).await;
    drop(peer);
    assert_eq!(events.next().await, Notice::Event(Event::Stop));
    assert_eq!(events.next().await, Notice::Closed);
}

#[tokio::test(start_paused = true)]
async fn reading_after_a_failed_write_has_a_deadline() {
    let (client, mut peer) = Peer::greeted_both_ways().await;
    let asking = ask(&client);
    peer.heard().await;
    peer.goes_deaf();
    let began = Instant::now();
    assert_eq!(client.execute(Quit {}).await, Err(Error::Closed));
    tokio::time::timeout(LAST_WORDS / 2, client.closed()).await.unwrap_err();
    // Another that fails does not make it longer.
    assert_eq!(client.execute(Quit {}).await, Err(Error::Closed));
    assert_eq!(asking.await.unwrap(), Err(Error::Closed));
    client.closed().await;
    assert_eq!(began.elapsed(), LAST_WORDS);
    assert_eq!(client.events().next().await, Notice::Closed);
    peer.writer.write_all(b"{").await.expect_err("the client keeps the stream open");
}

#[tokio::test(start_paused = true)]
async fn the_connection_ends_with_the_last_client() {
    let (client, mut peer) = Peer::greeted().await;
    let (mut events, other) = (client.events(), client.clone());
    drop(client);
    peer.catches_up(&other).await;
    drop(other);
    assert_eq!(events.next().await, Notice::Closed);
    peer.hears_the_end().await;
}

#[tokio::test(start_paused = true)]
async fn reply_of_another_shape_fails_only_its_command() {
    let (client, mut peer) = Peer::greeted().await;
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.execute(QueryStatus {}).await }
    });
    let asked = peer.heard().await;
    peer.say(json!({"return": {"running": "perhaps"}, "id": asked["id"]})).await;
    let error = asking.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Malformed { command: "query-status", .. }), "{error}");
    peer.catches_up(&client).await;
}
