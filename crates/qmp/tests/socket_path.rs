//! A socket whose path is one long name: below the directory in which the process is. A file of its
//! own, because a test that goes to another directory takes all others of its process along.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qmp::{Client, ConnectError};
use tokio::net::UnixListener;

const DEADLINE: Duration = Duration::from_secs(60);

/// A listener at a path, however long: it is bound by a short name, which is changed then.
fn listen(path: &Path) -> UnixListener {
    let listener = UnixListener::bind("short").unwrap();
    std::fs::rename("short", path).unwrap();
    listener
}

#[tokio::test]
async fn bind_accepts_a_long_socket_path() {
    let directory = tempfile::tempdir().unwrap();
    std::env::set_current_dir(&directory).unwrap();
    let name = PathBuf::from("n".repeat(200));
    std::fs::create_dir("below").unwrap();
    let whole = directory.path().join("whole".repeat(30));
    for path in [&name, &Path::new("below").join(&name), &whole] {
        let unreachable = Client::connect(path, DEADLINE).await.unwrap_err();
        let ConnectError::Unreachable(error) = unreachable else { panic!("{unreachable}") };
        assert_eq!(error.kind(), ErrorKind::NotFound);

        let listener = listen(path);
        // Reached, and left without a greeting.
        tokio::spawn(async move { drop(listener.accept().await) });
        let client = Client::connect(path, DEADLINE).await;
        assert!(matches!(client, Err(ConnectError::NotQmp(_))), "{client:?}");
    }
}
