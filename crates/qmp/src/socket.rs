//! Reaching a monitor's socket: by a path of any length, and in spite of a full queue.

use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use tokio::net::UnixStream;
use tokio::time::sleep;

/// Bytes of a socket's path at most (`sun_path`, without the zero at its end).
const SOCKET_PATH: usize = 107;
/// How long to leave a full queue alone. Nothing tells when there is room in it.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// Connects to a socket; one whose path is too long is reached through a handle of it.
/// Waits for as long as too many others wait for the monitor: the caller has the deadline.
pub async fn reach(path: &Path) -> io::Result<UnixStream> {
    if path.as_os_str().len() <= SOCKET_PATH {
        return queue_up(path).await;
    }
    // Not of its directory: the name alone may be too long.
    let socket = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let short = Path::new("/proc/self/fd").join(socket.as_raw_fd().to_string());
    queue_up(&short).await
}

/// QEMU lets one or two clients wait for its monitor; the system turns the next away with
/// `EAGAIN`, which says nothing about whether QEMU is there.
async fn queue_up(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(QUEUE_PAUSE).await,
            reached => return reached,
        }
    }
}
