//! Agents that answer as they should, not at all, or as a hostile guest would.

use tokio::net::UnixListener;
use tokio::time::Instant;

use super::*;

/// An agent that gives these bytes as its answer to each command; `N` stands for the number that
/// the command has.
fn agent(run: &Path, answers: &'static [&'static [u8]]) {
    let listener = UnixListener::bind(run.join(SOCKET)).unwrap();
    tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        let mut connection = BufReader::new(connection);
        for answer in answers {
            let mut line = Vec::new();
            connection.read_until(b'\n', &mut line).await.unwrap();
            let text = String::from_utf8_lossy(&line).into_owned();
            let number = text.split("\"id\":").nth(1).unwrap_or("0}");
            let number = number.split('}').next().unwrap();
            for part in answer.split_inclusive(|byte| *byte == b'N') {
                let (text, wants_number) =
                    part.strip_suffix(b"N").map_or((part, false), |text| (text, true));
                connection.write_all(text).await.unwrap();
                if wants_number {
                    connection.write_all(number.as_bytes()).await.unwrap();
                }
            }
        }
        std::future::pending::<()>().await;
    });
}

async fn freeze(answers: &'static [&'static [u8]]) -> io::Result<u64> {
    let run = tempfile::tempdir().unwrap();
    agent(run.path(), answers);
    let mut agent = Agent::connect(run.path()).await?;
    agent.count("guest-fsfreeze-freeze", Duration::from_millis(100)).await
}

#[tokio::test]
async fn agent_is_asked_after_what_an_earlier_connection_has_left() {
    const ANSWERS: &[&[u8]] =
        &[b"{\"return\": 7}\n\xff{\"return\": 8}\n\xff{\"return\": N}\n", b"{\"return\": 3}\n"];
    assert_eq!(freeze(ANSWERS).await.unwrap(), 3);
}

#[tokio::test]
async fn agent_that_refuses_or_is_silent_or_hostile_is_an_error_in_time() {
    const SYNCED: &[u8] = b"\xff{\"return\": N}\n";
    const ENDLESS: &[u8] = &[b'x'; 100_000];
    let hostile: [&'static [&'static [u8]]; 9] = [
        &[],
        &[b"\xff{\"return\": 1}\n"],
        &[b"\xff[]\n"],
        &[ENDLESS],
        &[SYNCED],
        &[SYNCED, ENDLESS],
        &[SYNCED, b"{\"error\": {\"class\": \"CommandNotFound\"}}\n"],
        &[SYNCED, b"{\"return\": -1}\n"],
        &[SYNCED, b"{\"return\": {}}\n"],
    ];
    for answers in hostile {
        let began = Instant::now();
        assert!(freeze(answers).await.is_err(), "{answers:?}");
        assert!(began.elapsed() < SYNC_TIMEOUT * 2, "{answers:?}");
    }
}

#[tokio::test]
async fn guest_without_an_agent_is_an_error() {
    let run = tempfile::tempdir().unwrap();
    assert!(Agent::connect(run.path()).await.is_err());
}
