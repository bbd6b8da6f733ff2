//! Commands to a peer that never answers.

use std::time::Duration;

use qmp::commands::{BlockdevDel, DeviceDel, QueryStatus, Quit, deadline};
use qmp::{Client, Command, Error};
use tokio::time::Instant;

use super::peer::Peer;

/// How a command ends that is never answered, and after how long.
async fn unanswered<C: Command>(client: &Client, command: C) -> (Error, Duration) {
    let began = Instant::now();
    let error = client.execute(command).await.err().expect("no answer comes");
    (error, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn execute_gives_each_command_the_time_that_it_needs() {
    let (client, _silent) = Peer::greeted().await;
    let delete = BlockdevDel { node_name: "d".to_owned() };
    let ended = [
        ("query-status", deadline::QUERY, unanswered(&client, QueryStatus {}).await),
        ("device_del", deadline::DEVICE, unanswered(&client, DeviceDel { id: "d".into() }).await),
        ("blockdev-del", deadline::BLOCK_NODE, unanswered(&client, delete).await),
        ("quit", deadline::QUIT, unanswered(&client, Quit {}).await),
    ];
    for (command, after, (error, took)) in ended {
        assert_eq!(error, Error::TimedOut { command, after });
        assert!(error.to_string().contains(command), "{error}");
        assert_eq!(took, after, "{command}");
    }
    assert!(deadline::QUERY < deadline::DEVICE && deadline::DEVICE < deadline::BLOCK_NODE);
    assert!(!client.is_closed(), "an answer may still come");
}
